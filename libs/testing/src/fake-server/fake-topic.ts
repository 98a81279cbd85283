import {
  diff,
  isDeltaSmaller,
  type EventFrame,
  type Json,
  type PatchFrame,
  type Position,
  type Since,
  type SnapshotFrame,
  type SubscribedFrame,
  type TopicKind,
} from '@statewire/protocol';

type LiveFrame = EventFrame | PatchFrame | SnapshotFrame;

/** One topic of the fake server with its whole history. */
export class FakeTopic {
  private epochs = 0;
  private history: LiveFrame[] = [];
  private current: Json | undefined;
  private top = 0;

  constructor(
    readonly name: string,
    readonly kind: TopicKind,
    /** Publications that are kept. */
    private readonly keep: number,
    private readonly now: () => number,
  ) {}

  get position(): Position {
    return { epoch: `${this.name.replaceAll(/[^A-Za-z0-9]/g, '').slice(0, 20)}-${this.epochs}`, offset: this.top };
  }

  /** The latest value of a state topic. */
  get value(): Json | undefined {
    return this.current;
  }

  /** @returns what live subscribers get. */
  publish(value: unknown): LiveFrame {
    const data = JSON.parse(JSON.stringify(value)) as Json;
    const before = this.current;
    this.top += 1;
    const frame = this.kind === 'events' ? this.event(data) : this.change(before, data);
    this.current = data;
    this.history.push(frame);
    if (this.history.length > this.keep) this.history.shift();
    return frame;
  }

  /** The history is lost; a state topic keeps its value as the first publication of the new epoch. */
  renew(): SubscribedFrame & { ref?: undefined } {
    this.epochs += 1;
    this.history = [];
    this.top = this.kind === 'state' && this.current !== undefined ? 1 : 0;
    const { epoch, offset } = this.position;
    return { type: 'subscribed', topic: this.name, kind: this.kind, epoch, offset, recovered: false };
  }

  snapshot(): SnapshotFrame {
    const { epoch, offset } = this.position;
    return { type: 'snapshot', topic: this.name, epoch, offset, data: this.current ?? null, time: this.now() };
  }

  /** What `subscribe` and a poll answer. */
  catchUp(since: Since | undefined, ref?: string): (SubscribedFrame | LiveFrame)[] {
    const { epoch, offset } = this.position;
    const isOurs = typeof since === 'object' && since.epoch === epoch && since.offset <= offset;
    const from = since === 'oldest' ? offset - this.history.length : isOurs ? since.offset : offset;
    const kept = offset - this.history.length;
    const replay = from >= kept ? this.history.slice(from - kept) : undefined;
    const recovered = this.kind === 'state' ? isOurs : since === 'oldest' ? from === 0 : isOurs && replay !== undefined;
    const subscribed: SubscribedFrame = {
      ...{ type: 'subscribed', topic: this.name, kind: this.kind, epoch, offset, recovered },
      ...(ref !== undefined && { ref }),
    };
    if (this.kind === 'events') return [subscribed, ...(since === undefined ? [] : (replay ?? []))];
    if (recovered && replay !== undefined) return [subscribed, ...replay];
    return offset === 0 ? [subscribed] : [subscribed, this.snapshot()];
  }

  private event(data: Json): EventFrame {
    return { type: 'event', topic: this.name, offset: this.top, data, time: this.now() };
  }

  private change(before: Json | undefined, after: Json): PatchFrame | SnapshotFrame {
    const { epoch, offset } = this.position;
    const delta = before === undefined ? undefined : (diff(before, after) as Json);
    if (delta !== undefined && isDeltaSmaller(JSON.stringify(delta), JSON.stringify(after))) {
      return { type: 'patch', topic: this.name, from: offset - 1, offset, delta, time: this.now() };
    }
    return { type: 'snapshot', topic: this.name, epoch, offset, data: after, time: this.now() };
  }
}
