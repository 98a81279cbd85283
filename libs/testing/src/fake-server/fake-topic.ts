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

/** A topic of the fake server with its history. */
export class FakeTopic {
  private epochs = 0;
  private history: LiveFrame[] = [];
  private current: Json | undefined;
  private top = 0;

  constructor(
    readonly name: string,
    readonly kind: TopicKind,
    /** Number of publications that the history keeps. */
    private readonly historySize: number,
    private readonly now: () => number,
  ) {}

  get position(): Position {
    return { epoch: `${this.name.replaceAll(/[^A-Za-z0-9]/g, '').slice(0, 20)}-${this.epochs}`, offset: this.top };
  }

  /** The value of a state topic; undefined before the first publication. */
  get value(): Json | undefined {
    return this.current;
  }

  /** Publishes a value. @returns the frame for subscribers. */
  publish(value: unknown): LiveFrame {
    const data = JSON.parse(JSON.stringify(value)) as Json;
    const before = this.current;
    this.top += 1;
    const frame = this.kind === 'events' ? this.event(data) : this.change(before, data);
    this.current = data;
    this.history.push(frame);
    if (this.history.length > this.historySize) this.history.shift();
    return frame;
  }

  /**
   * Starts a new epoch without history. A state topic keeps its value as the first publication of the epoch.
   *
   * @returns the frame for subscribers.
   */
  renew(): SubscribedFrame & { ref?: undefined } {
    this.epochs += 1;
    this.history = [];
    this.top = this.kind === 'state' && this.current !== undefined ? 1 : 0;
    const { epoch, offset } = this.position;
    return { type: 'subscribed', topic: this.name, kind: this.kind, epoch, offset, recovered: false };
  }

  /** Returns the current value as a frame. */
  snapshot(): SnapshotFrame {
    const { epoch, offset } = this.position;
    return { type: 'snapshot', topic: this.name, epoch, offset, data: this.current ?? null, time: this.now() };
  }

  /** Returns the frames that answer a `subscribe` or a poll. */
  catchUp(since: Since | undefined, ref?: string): (SubscribedFrame | LiveFrame)[] {
    const { epoch, offset } = this.position;
    const isKnownPosition = typeof since === 'object' && since.epoch === epoch && since.offset <= offset;
    const from = since === 'oldest' ? offset - this.history.length : isKnownPosition ? since.offset : offset;
    const kept = offset - this.history.length;
    const replay = from >= kept ? this.history.slice(from - kept) : undefined;
    const recovered =
      this.kind === 'state'
        ? isKnownPosition
        : since === 'oldest'
          ? from === 0
          : isKnownPosition && replay !== undefined;
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
