import type { ServerFrame } from '@statewire/protocol';

import type { ConnectionSocket } from '../../src/websocket/connection-context.js';
import type { Batch } from '../../src/delivery/frame-encoder.js';
import type { FrameSocket } from '../../src/delivery/outbox.js';

/** A socket that records all written frames. */
export class FakeConnectionSocket implements ConnectionSocket {
  /** Written frames that the test has not removed. */
  readonly written: ServerFrame[] = [];
  /** The close code; undefined while the socket is open. */
  closedWith: number | undefined;
  terminated = false;
  paused = false;
  /** Called when the socket is closed or terminated, like the `close` event of a real socket. */
  onEnd: () => void = () => undefined;

  readonly frames: FrameSocket = {
    bufferedAmount: 0,
    write: (batch: Batch, taken: () => void) => {
      for (const frame of batch.frames()) this.written.push(JSON.parse(frame.text) as ServerFrame);
      taken();
    },
  };

  close(code: number): void {
    this.closedWith ??= code;
    this.onEnd();
  }

  terminate(): void {
    this.terminated = true;
    this.onEnd();
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
  }
}
