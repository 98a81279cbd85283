import type { ServerFrame } from '@statewire/protocol';

import type { Environment } from '../environment.js';
import type { EncodedFrame } from './encoded-frame.js';
import type { FlushScheduler } from './flush-scheduler.js';
import type { FrameSocket } from './frame-socket.js';
import type { TopicBacklog, TopicOutlet } from './outlet.js';

/**
 * Why a reader is given up; close its connection with 4101.
 *
 * - `hard-mark`: it lets more than `hardMark` bytes wait.
 * - `stalled`: it took nothing for `stalledTimeout`.
 * - `history`: it fell further behind on an event topic than history reaches.
 */
export type OverflowReason = 'hard-mark' | 'stalled' | 'history';

/** One object may serve all outboxes of a node. */
export interface OutboxOptions {
  /** Waiting bytes above which live frames of topics are held back and conflate. 0: never. */
  readonly softMark: number;
  /** Waiting bytes above which the reader is given up. 0: never. */
  readonly hardMark: number;
  /** Milliseconds without progress after which the reader is given up. 0: never. */
  readonly stalledTimeout: number;
  readonly environment: Pick<Environment, 'monotonic' | 'setTimer'>;
  readonly scheduler: FlushScheduler;
}

/** The frames on their way to one connection. */
export class Outbox implements TopicOutlet {
  constructor(
    private readonly socket: FrameSocket,
    private readonly options: OutboxOptions,
    /** Called at most once; nothing is written afterwards. */
    private readonly onOverflow: (reason: OverflowReason) => void,
  ) {}

  /** Bytes that wait: pending in this tick, or not yet taken by the operating system. */
  get waiting(): number {
    throw new Error('not built yet');
  }

  /** Queues a frame for the end of the tick. After `close` it is dropped. */
  send(_frame: ServerFrame | EncodedFrame): void {
    throw new Error('not built yet');
  }

  offer(_frame: EncodedFrame, _backlog: TopicBacklog): boolean {
    throw new Error('not built yet');
  }

  room(): Promise<void> | undefined {
    throw new Error('not built yet');
  }

  /** Writes now what is pending. */
  flush(): void {
    throw new Error('not built yet');
  }

  /** Writes what is pending, then drops whatever still comes. */
  close(): void {
    throw new Error('not built yet');
  }
}
