import { applyDelta, type Json, type Position, type ServerFrame, type Since } from '@statewire/protocol';

import type { Truth } from './truth.js';
import type { Verdict } from './verdict.js';

type FrameOf<Type extends ServerFrame['type']> = Extract<ServerFrame, { type: Type }>;
export type StreamFrame = FrameOf<'subscribed' | 'snapshot' | 'patch' | 'event'>;

/** Checks the frames of one subscription or one poll answer against PROTOCOL.md and against the real publications. */
export class TopicStream {
  private epoch = '';
  /** The offset up to which the frames are complete; undefined while a snapshot is due. */
  private cursor: number | undefined;
  /** The offset of the snapshot that `subscribed` announced. */
  private due: number | undefined;

  constructor(
    private readonly topic: string,
    private readonly truth: Truth,
    private readonly verdict: Verdict,
    /** The name of the sender in error messages. */
    private readonly label: string,
  ) {}

  get position(): Position | undefined {
    return this.cursor === undefined ? undefined : { epoch: this.epoch, offset: this.cursor };
  }

  take(frame: StreamFrame, since?: Since): void {
    switch (frame.type) {
      case 'subscribed':
        return this.begin(frame, since);
      case 'snapshot':
        return this.takeSnapshot(frame);
      case 'patch':
        return this.takePatch(frame);
      case 'event':
        return this.takeEvent(frame);
    }
  }

  private begin(frame: FrameOf<'subscribed'>, since: Since | undefined): void {
    const { epoch, kind, offset, recovered, ref } = frame;
    const { topic, truth } = this;
    this.demand(truth.knows(topic, { epoch, offset }), 'names a position that never was', frame);
    const requested = typeof since === 'object' ? since : undefined;
    if (recovered) {
      const follows = requested?.epoch === epoch && requested.offset <= offset;
      if (!this.demand(follows, `recovers from ${JSON.stringify(since)}`, frame)) return;
    } else if (requested?.epoch === epoch && requested.offset <= offset) {
      const isKept = kind === 'state' || requested.offset + 1 >= truth.oldest(topic, epoch);
      this.demand(!isKept, `gives up history that is kept, from ${requested.offset}`, frame);
    }
    if (ref === undefined && this.epoch !== '') {
      const isBeyond = this.cursor !== undefined && this.cursor + 1 < truth.oldest(topic, epoch);
      const isNew = this.epoch !== epoch || isBeyond;
      this.demand(!recovered && isNew, `starts over without need, after ${this.epoch}:${this.cursor}`, frame);
    }
    this.epoch = epoch;
    this.due = kind === 'state' && !recovered && offset > 0 ? offset : undefined;
    if (this.due !== undefined) this.cursor = undefined;
    else this.cursor = recovered ? requested?.offset : offset;
  }

  private takeSnapshot(frame: FrameOf<'snapshot'>): void {
    const { epoch, offset, data } = frame;
    this.demand(epoch === this.epoch, `is of another epoch than ${this.epoch}`, frame);
    if (this.due !== undefined) this.demand(offset === this.due, `is not the one announced for ${this.due}`, frame);
    else this.demand(this.cursor !== undefined && offset > this.cursor, `goes back from ${this.cursor}`, frame);
    this.isTrue(frame, offset, data);
    this.due = undefined;
    this.cursor = offset;
  }

  private takePatch(frame: FrameOf<'patch'>): void {
    const { from, offset, delta } = frame;
    const { cursor, epoch, topic, truth } = this;
    this.cursor = offset;
    if (!this.demand(from === cursor && offset > from, `does not follow ${cursor}`, frame)) return;
    const before = truth.valueAt(topic, { epoch, offset: from });
    if (this.demand(before !== undefined, 'patches nothing', frame))
      this.isTrue(frame, offset, patched(before!, delta));
  }

  private takeEvent(frame: FrameOf<'event'>): void {
    const { offset, data } = frame;
    this.demand(this.cursor !== undefined && offset === this.cursor + 1, `does not follow ${this.cursor}`, frame);
    this.isTrue(frame, offset, data);
    this.cursor = offset;
  }

  private isTrue(frame: StreamFrame, offset: number, data: Json | undefined): void {
    const told = JSON.stringify(data);
    this.demand(told === this.truth.at(this.topic, { epoch: this.epoch, offset }), 'is not what was published', frame);
  }

  private demand(holds: boolean, complaint: string, frame: StreamFrame): boolean {
    return this.verdict.demand(holds, () => `${this.label} sent ${brief(frame)}, which ${complaint}`);
  }
}

function patched(before: Json, delta: Json): Json | undefined {
  try {
    return applyDelta(before, delta);
  } catch {
    return undefined;
  }
}

/** Returns a frame for an error message, without its values. */
export function brief(frame: ServerFrame): string {
  return JSON.stringify(frame, (key, value: unknown) => (VALUES.has(key) ? undefined : value));
}

const VALUES: ReadonlySet<string> = new Set(['data', 'delta', 'time']);
