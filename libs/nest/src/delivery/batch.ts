import { FRAME_KINDS } from '../core/counters.js';
import type { Environment } from '../core/environment.js';
import type { EncodedFrame } from './frame-encoder.js';
import { OutboxBudget } from './outbox-budget.js';

/**
 * The frames that one outbox writes at the end of a tick. A batch is a node in a tree that all outboxes of the tick
 * share: outboxes with the same pending frames hold the same node, so that their bytes are concatenated once.
 */
export class Batch {
  private lastNext: Batch | undefined;
  private others: Map<EncodedFrame, Batch> | undefined;
  private joined: Buffer | undefined;

  private constructor(
    private readonly previous: Batch | undefined,
    private readonly frame: EncodedFrame | undefined,
    /** Number of frames. */
    readonly length: number,
    /** Bytes of all messages. */
    readonly size: number,
  ) {}

  static empty(): Batch {
    return new Batch(undefined, undefined, 0, 0);
  }

  /** Returns the batch with one more frame at its end. */
  with(frame: EncodedFrame): Batch {
    const last = this.lastNext;
    if (last?.frame === frame) return last;
    const existing = this.others?.get(frame);
    if (existing !== undefined) return existing;
    const next = new Batch(this, frame, this.length + 1, this.size + frame.size);
    if (last?.frame !== undefined) (this.others ??= new Map<EncodedFrame, Batch>()).set(last.frame, last);
    this.lastNext = next;
    return next;
  }

  /** Returns the batch with one more frame, inserted before the topic frames at its end. */
  withAhead(frame: EncodedFrame): Batch {
    const overtaken: EncodedFrame[] = [];
    let [batch, { frame: last, previous }] = [this as Batch, this.path()];
    while (last !== undefined && previous !== undefined && last.kind !== FRAME_KINDS.other) {
      overtaken.push(last);
      batch = previous;
      ({ frame: last, previous } = batch.path());
    }
    return overtaken.reduceRight((longer, next) => longer.with(next), batch.with(frame));
  }

  /** Returns all frames in order. */
  frames(): readonly EncodedFrame[] {
    const frames: EncodedFrame[] = [];
    let { frame, previous } = this.path();
    while (frame !== undefined) {
      frames.push(frame);
      ({ frame, previous } = previous?.path() ?? {});
    }
    return frames.reverse();
  }

  /** All messages in one buffer, created on first use. */
  get message(): Buffer {
    return (this.joined ??= this.join());
  }

  private path(): { frame: EncodedFrame | undefined; previous: Batch | undefined } {
    return { frame: this.frame, previous: this.previous };
  }

  private join(): Buffer {
    const frames = this.frames();
    const [only] = frames;
    if (only !== undefined && frames.length === 1) return only.message;
    return Buffer.concat(
      frames.map((frame) => frame.message),
      this.size,
    );
  }
}

/** An outbox with a pending batch. */
export interface Flushable {
  /** Writes the pending batch. */
  flush(): void;
}

/** Flushes the outboxes of a node at the end of each tick. Every outbox with pending frames writes once per tick. */
export class FlushScheduler {
  /** The empty batch from which all outboxes of this tick start. */
  root = Batch.empty();
  private pending: Flushable[] = [];
  private readonly run = (): void => this.flushAll();

  /** @param budget limit for the buffered bytes of all outboxes together. Default: no limit. */
  constructor(
    private readonly environment: Pick<Environment, 'defer'>,
    readonly budget = new OutboxBudget(0, 0),
  ) {}

  /** Schedules a flush at the end of this tick. An outbox calls it once per tick. */
  schedule(outbox: Flushable): void {
    if (this.pending.push(outbox) === 1) this.environment.defer(this.run);
  }

  private flushAll(): void {
    const { pending } = this;
    this.pending = [];
    this.root = Batch.empty();
    for (const outbox of pending) outbox.flush();
    this.budget.enforce();
  }
}
