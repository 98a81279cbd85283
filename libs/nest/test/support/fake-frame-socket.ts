import type { ServerFrame } from '@statewire/protocol';

import type { Batch } from '../../src/delivery/frame-encoder.js';
import type { FrameSocket } from '../../src/delivery/outbox.js';

/** Counts writes and reads bytes at once. While it is `stuck` it reads only in `read()`. */
export class FakeFrameSocket implements FrameSocket {
  readonly writes: Batch[] = [];
  bufferedAmount = 0;
  stuck = false;
  private readonly waiting: { left: number; readonly written: () => void }[] = [];

  write(batch: Batch, written: () => void): void {
    this.writes.push(batch);
    if (this.stuck) {
      this.bufferedAmount += batch.size;
      this.waiting.push({ left: batch.size, written });
    } else {
      queueMicrotask(written);
    }
  }

  /** Reads this number of bytes. */
  read(bytes: number): void {
    let left = Math.min(bytes, this.bufferedAmount);
    this.bufferedAmount -= left;
    for (let first = this.waiting[0]; first !== undefined && left >= 0; first = this.waiting[0]) {
      const part = Math.min(left, first.left);
      first.left -= part;
      left -= part;
      if (first.left > 0) return;
      this.waiting.shift();
      first.written();
    }
  }

  /** All written frames, parsed. */
  get frames(): ServerFrame[] {
    return this.writes.flatMap((batch) => batch.frames().map(({ text }) => JSON.parse(text) as ServerFrame));
  }
}
