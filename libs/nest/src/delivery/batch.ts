import { FRAME_KINDS } from '../core/counters.js';
import type { EncodedFrame } from './encoded-frame.js';

/**
 * The frames one outbox writes at the end of a tick, as a path in a tree that all outboxes of the tick share. Whoever
 * has the same frames pending is at the same node, so that what they send is concatenated once.
 */
export class Batch {
  private lastNext: Batch | undefined;
  private others: Map<EncodedFrame, Batch> | undefined;
  private joined: Buffer | undefined;

  private constructor(
    private readonly previous: Batch | undefined,
    private readonly frame: EncodedFrame | undefined,
    /** Frames on the path. */
    readonly length: number,
    /** Bytes of all messages on the path. */
    readonly size: number,
  ) {}

  static empty(): Batch {
    return new Batch(undefined, undefined, 0, 0);
  }

  /** The batch with one frame more. */
  with(frame: EncodedFrame): Batch {
    const last = this.lastNext;
    if (last?.frame === frame) return last;
    const known = this.others?.get(frame);
    if (known !== undefined) return known;
    const next = new Batch(this, frame, this.length + 1, this.size + frame.size);
    if (last?.frame !== undefined) (this.others ??= new Map<EncodedFrame, Batch>()).set(last.frame, last);
    this.lastNext = next;
    return next;
  }

  /** The batch with one frame more, in front of the frames of topics at its end. */
  withAhead(frame: EncodedFrame): Batch {
    const passed: EncodedFrame[] = [];
    let [batch, { frame: last, previous }] = [this as Batch, this.path()];
    while (last !== undefined && previous !== undefined && last.kind !== FRAME_KINDS.other) {
      passed.push(last);
      batch = previous;
      ({ frame: last, previous } = batch.path());
    }
    return passed.reduceRight((longer, next) => longer.with(next), batch.with(frame));
  }

  /** All frames, in order. */
  frames(): readonly EncodedFrame[] {
    const frames: EncodedFrame[] = [];
    let { frame, previous } = this.path();
    while (frame !== undefined) {
      frames.push(frame);
      ({ frame, previous } = previous?.path() ?? {});
    }
    return frames.reverse();
  }

  /** All messages in one buffer, made on first use. */
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
