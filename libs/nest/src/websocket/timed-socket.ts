import type { Batch } from '../delivery/batch.js';
import type { FrameSocket } from '../delivery/frame-socket.js';
import type { Heartbeat } from './heartbeat.js';

/** Tells the heartbeat whenever something is sent. */
export class TimedSocket implements FrameSocket {
  constructor(
    private readonly socket: FrameSocket,
    private readonly heartbeat: Heartbeat,
  ) {}

  get bufferedAmount(): number {
    return this.socket.bufferedAmount;
  }

  write(batch: Batch, written: () => void): void {
    this.heartbeat.sent();
    this.socket.write(batch, written);
  }
}
