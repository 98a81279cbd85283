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
  type TopicPosition,
  type TopicReference,
} from '@statewire/protocol';

import type { FakeServerOptions } from './fake-server-options.js';

/** A topic of the fake server with its history. */
export class FakeTopic {
  private epochs = 0;
  private history: (EventFrame | PatchFrame | SnapshotFrame)[] = [];
  private current: Json | undefined;
  private top = 0;

  constructor(
    /** The topic name, such as `battles/42`. */
    readonly name: string,
    /** Whether it has a value (`state`) or events only. */
    readonly kind: TopicKind,
    /** Number of publications that the history keeps. */
    private readonly historySize: number,
    private readonly now: () => number,
    /** When the topic became stale; undefined while it is current. */
    private readonly staleSince: () => number | undefined = () => undefined,
  ) {}

  /** The position of the last publication. Offset 0: there is none in this epoch. */
  get position(): Position {
    return { epoch: `${this.name.replaceAll(/[^A-Za-z0-9]/g, '').slice(0, 20)}-${this.epochs}`, offset: this.top };
  }

  /** The value of a state topic; undefined before the first publication. */
  get value(): Json | undefined {
    return this.current;
  }

  /** Publishes a value or an event, and returns the frame for subscribers. */
  publish(value: unknown): EventFrame | PatchFrame | SnapshotFrame {
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
    return this.subscribed(false);
  }

  /** Returns the current value as a frame. */
  snapshot(): SnapshotFrame {
    const { epoch, offset } = this.position;
    return { type: 'snapshot', topic: this.name, epoch, offset, data: this.current ?? null, time: this.now() };
  }

  /** Returns the frames that answer a `subscribe` or a poll. */
  catchUp(since: Since | undefined, ref?: string): (SubscribedFrame | EventFrame | PatchFrame | SnapshotFrame)[] {
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
    const subscribed = { ...this.subscribed(recovered), ...(ref !== undefined && { ref }) };
    if (this.kind === 'events') return [subscribed, ...(since === undefined ? [] : (replay ?? []))];
    if (recovered && replay !== undefined) return [subscribed, ...replay];
    return offset === 0 ? [subscribed] : [subscribed, this.snapshot()];
  }

  private subscribed(recovered: boolean): SubscribedFrame & { ref?: undefined } {
    const { epoch, offset } = this.position;
    const staleSince = this.staleSince();
    return {
      ...{ type: 'subscribed', topic: this.name, kind: this.kind, epoch, offset, recovered },
      ...(staleSince !== undefined && { staleSince }),
    };
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

/** The topics of a fake server. */
export class FakeTopicRegistry {
  private readonly topics = new Map<string, FakeTopic>();
  private readonly kinds = new Map<string, TopicKind>();
  /** When all topics became stale, and the topics for which this differs. */
  private allStaleSince: number | undefined;
  private readonly ownStaleSince = new Map<string, number | undefined>();

  constructor(
    private readonly options: Pick<FakeServerOptions, 'awaitsFirstValue' | 'history'>,
    private readonly now: () => number,
  ) {}

  /** Sets the kind of a topic that does not exist yet. */
  declare({ name, kind }: TopicReference): void {
    this.kinds.set(name, kind);
  }

  /** Returns the topic of this name, and creates it if it is new. */
  of(name: string): FakeTopic {
    let topic = this.topics.get(name);
    if (topic === undefined) {
      const kind = this.kinds.get(name) ?? 'state';
      topic = new FakeTopic(name, kind, this.options.history ?? 100, this.now, () => this.staleSince(name));
      this.topics.set(name, topic);
    }
    return topic;
  }

  /** Whether a subscription waits for the first value of the topic. */
  isAwaited(name: string): boolean {
    const { kind, position } = this.of(name);
    return this.options.awaitsFirstValue === true && kind === 'state' && position.offset === 0;
  }

  /** Sets since when a topic is stale, or every topic if the name is undefined. */
  setStaleSince(name: string | undefined, since: number | undefined): void {
    if (name !== undefined) return void this.ownStaleSince.set(name, since);
    this.allStaleSince = since;
    this.ownStaleSince.clear();
  }

  private staleSince(name: string): number | undefined {
    return this.ownStaleSince.has(name) ? this.ownStaleSince.get(name) : this.allStaleSince;
  }

  /** Starts a new epoch of every topic. */
  renewAll(): void {
    for (const topic of this.topics.values()) topic.renew();
  }

  /** Returns a function that lists the topics that have changed since this call, with their positions. */
  watchPositions(): () => readonly TopicPosition[] {
    const before = new Map([...this.topics].map(([name, { position }]) => [name, position]));
    return () =>
      [...this.topics].flatMap(([topic, { position }]) => {
        const previous = before.get(topic) ?? { ...position, offset: 0 };
        const isMoved = position.epoch !== previous.epoch || position.offset > previous.offset;
        return isMoved ? [{ topic, ...position }] : [];
      });
  }
}
