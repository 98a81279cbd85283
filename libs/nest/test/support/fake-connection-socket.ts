import type { ServerFrame } from '@statewire/protocol';

import type { ConnectionSocket } from '../../src/websocket/connection-context.js';
import type { Batch } from '../../src/delivery/frame-encoder.js';
import type { FrameSocket } from '../../src/delivery/outbox.js';

/** A socket that keeps what is written to it. */
export class FakeConnectionSocket implements ConnectionSocket {
  /** What was written and not taken yet. */
  readonly written: ServerFrame[] = [];
  /** The close code, once there is one. */
  closedWith: number | undefined;
  terminated = false;
  paused = false;
  /** Called when the socket is closed or terminated, as a real one tells its end. */
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
