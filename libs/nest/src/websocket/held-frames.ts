import type { FrameOptions } from '../core/options.js';
import type { ConnectionSocket } from './connection-socket.js';
import type { QueuedFrame } from './frame-queue.js';

type HeldLimits = Pick<FrameOptions, 'pipelined' | 'pipelinedBytes'>;

/** Frames that came before `hello` was settled. Above its limits it stops reading, so that nothing is refused. */
export class HeldFrames {
  private frames: { readonly frame: QueuedFrame; readonly bytes: number }[] = [];
  private bytes = 0;
  private stopped = false;

  constructor(
    private readonly socket: Pick<ConnectionSocket, 'pause' | 'resume'>,
    private readonly limits: HeldLimits,
  ) {}

  get isEmpty(): boolean {
    return this.frames.length === 0;
  }

  /** Whether reading is stopped: then silence is ours. */
  get isFull(): boolean {
    return this.stopped;
  }

  push(frame: QueuedFrame, bytes: number): void {
    this.frames.push({ frame, bytes });
    this.bytes += bytes;
    const { pipelined, pipelinedBytes } = this.limits;
    const full =
      (pipelined > 0 && this.frames.length >= pipelined) || (pipelinedBytes > 0 && this.bytes >= pipelinedBytes);
    if (full && !this.stopped) {
      this.stopped = true;
      this.socket.pause();
    }
  }

  shift(): QueuedFrame | undefined {
    const next = this.frames.shift();
    if (next === undefined) return undefined;
    this.bytes -= next.bytes;
    if (this.frames.length === 0 && this.stopped) {
      this.stopped = false;
      this.socket.resume();
    }
    return next.frame;
  }

  clear(): void {
    this.frames = [];
    this.bytes = 0;
  }
}
