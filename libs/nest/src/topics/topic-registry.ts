import { DELTA_CAPABILITIES, type DeltaCapability, type Json, type Position, type Since } from '@statewire/protocol';
import { Observable } from 'rxjs';

import type { LogLimits } from '../core/publication-log.js';
import { ActionContext } from '../core/action-context.js';
import type { Broker, PublishOptions, TransactionClient } from '../core/broker.js';
import type { Counters } from '../core/counters.js';
import type { Environment, Timer } from '../core/environment.js';
import type { RealtimeLog } from '../core/realtime-log.js';
import type { EncodedFrame } from '../delivery/frame-encoder.js';
import type { FrameSink } from '../delivery/frame-sink.js';
import { HandlerWarnings } from './handler-warnings.js';
import { hasSource, newPublication, noTransactions, project, projectionBefore, Writers } from './new-publication.js';
import {
  ConnectionSubscriber,
  type EndReason,
  StreamSubscriber,
  waitForChange,
  type TopicPublication,
  type TopicSubscription,
} from './subscribers.js';
import type { Timeline } from './timeline.js';
import { ReadLimit } from './read-limit.js';
import { TopicLifecycle, unavailableError, type TopicTimeouts } from './topic-lifecycle.js';
import type { ResolvedTopic, TopicLoader } from './topic-loader.js';
import { UnansweredPublications } from './unanswered-publications.js';

/** Maximum number of topics without holders that stay live for `lingerMs`. Above it the longest unused one ends. */
const MAX_LINGERING_TOPICS = 10_000;

/** Characters of the part of a publication’s id that differs between processes: 72 random bits. */
const ID_PREFIX_LENGTH = 12;

/** Maximum number of activations for one call. A topic may end before the call has used it. */
const MAX_ACTIVATIONS_PER_CALL = 2;

/** Durations in milliseconds, sizes in bytes. 0 switches a limit off. */
export interface TopicRegistryOptions {
  readonly broker: Broker;
  readonly loader: TopicLoader;
  readonly environment: Environment;
  readonly log: Pick<RealtimeLog, 'warn' | 'error'>;
  readonly limits: { readonly frames: { readonly publicationBytes: number }; readonly timeouts: TopicTimeouts };
  readonly history: LogLimits;
  /** Omitted: nothing is counted. */
  readonly counters?: Counters;
}

export interface SubscribeOptions {
  readonly since?: Since | undefined;
  readonly ref?: string | undefined;
  /** Called after the topic was closed and the sink received its last publications. The caller sends `unsubscribed`. */
  readonly onEnd: (reason: EndReason) => void;
}

/** The frames that bring a client up to date. */
export interface CatchUpAnswer {
  /** `subscribed` and the frames that follow it, in order. */
  readonly frames: readonly EncodedFrame[];
  /** The position after the last frame. */
  readonly position: Position;
  /** When the topic became stale, in milliseconds since the Unix epoch. Undefined: it is current. */
  readonly staleSince: number | undefined;
}

interface ActiveTopic {
  readonly lifecycle: TopicLifecycle;
  holders: number;
}

/**
 * The live topics of this node. A subscription catches up and continues with live frames. A poll only catches up.
 *
 * A topic is live while a call, a subscription or a stream holds it, and for `lingerMs` afterwards.
 */
export class TopicRegistry {
  private readonly active = new Map<string, ActiveTopic>();
  private readonly lingering = new Map<string, Timer>();
  private readonly reads = new ReadLimit();
  private readonly releasing = new Map<string, Promise<void>>();
  private readonly writers: Writers;
  /** Ids of publications: unique for this process, and increasing. */
  private readonly idPrefix: string;
  private publications = 0;
  private readonly warnings: HandlerWarnings;
  /** Publications without an answer of a shared broker. */
  private readonly unanswered = new UnansweredPublications();
  private disposed = false;

  constructor(private readonly options: TopicRegistryOptions) {
    this.warnings = new HandlerWarnings(options.log);
    this.writers = new Writers(options.environment, options.limits.timeouts.lingerMs);
    this.idPrefix = options.environment.id().slice(0, ID_PREFIX_LENGTH);
  }

  /** Numbers of held resources, for tests and metrics. All are 0 when no topic is held and `lingerMs` has passed. */
  get sizes(): { live: number; lingering: number; releasing: number } {
    return { live: this.active.size, lingering: this.lingering.size, releasing: this.releasing.size };
  }

  /** Number of live topics, lingering ones included. */
  get size(): number {
    return this.active.size;
  }

  /**
   * Sends `subscribed`, the replay from `since`, and then live frames to the sink, without a gap or a repeat. Replaces
   * an earlier subscription of the same sink. Waits until the sink does not lag, then sends `subscribed` and resolves.
   *
   * @throws (rejects) RealtimeError `unavailable` or `internal` if the first value cannot be loaded in
   * `limits.timeouts.loadMs`.
   */
  async subscribe(topic: ResolvedTopic, sink: FrameSink, options: SubscribeOptions): Promise<TopicSubscription> {
    const { ref, onEnd } = options;
    const since = startOf(topic, options.since);
    return this.whileHeld(topic, async (active) => {
      const timeline = await this.loadTimeline(active, since);
      for (let drained = sink.whenDrained(); drained !== undefined; drained = sink.whenDrained()) await drained;
      const { live } = active.lifecycle;
      if (timeline === undefined || live.ended) return undefined;
      const onClose = (): void => {
        live.remove(sink, subscriber);
        this.drop(topic.name, active);
      };
      const { counters } = this.options;
      const { staleSince } = live;
      // Without a spread: V8 gives each copy that gets a closure a hidden class of its own.
      const followed = { since, ref, onEnd, onClose, staleSince, counters };
      const subscriber: ConnectionSubscriber = new ConnectionSubscriber(timeline, sink, followed);
      live.add(sink, subscriber);
      active.holders += 1;
      return subscriber;
    });
  }

  /**
   * Returns the frames that {@link subscribe} would send first, without a subscription. `deltas` are the optional delta
   * operations that the reader applies. Default: all.
   */
  async catchUp(
    topic: ResolvedTopic,
    from?: Since,
    deltas: readonly DeltaCapability[] = DELTA_CAPABILITIES,
  ): Promise<CatchUpAnswer> {
    const since = startOf(topic, from);
    return this.whileHeld(topic, async (active) => {
      const timeline = await this.loadTimeline(active, since);
      if (timeline === undefined) return undefined;
      const { position, recovered, cursor } = timeline.start(since);
      const { staleSince } = active.lifecycle.live;
      const frames = [timeline.frames.subscribed(position, recovered, undefined, staleSince)];
      let next = timeline.after(cursor, deltas);
      while (next !== undefined && next !== 'lost') {
        frames.push(...next.frames);
        next = timeline.after(next.cursor, deltas);
      }
      return { frames, position, staleSince };
    });
  }

  /**
   * Resolves with true as soon as the topic has anything after `position`: a publication, a new epoch or its end, or is
   * stale since another time than `staleSince`. Resolves with false if the signal aborts first. Holds the topic
   * meanwhile.
   */
  async waitForNews(
    topic: ResolvedTopic,
    position: Position,
    signal: AbortSignal,
    staleSince?: number,
  ): Promise<boolean> {
    const active = this.hold(topic);
    try {
      const timeline = await this.loadTimeline(active, position);
      if (timeline === undefined) return true;
      const { position: now } = timeline;
      if (now.epoch !== position.epoch || now.offset > position.offset) return true;
      const { live } = active.lifecycle;
      if (live.staleSince !== staleSince) return true;
      if (signal.aborted) return false;
      return await waitForChange(live, { environment: this.options.environment, signal, freshness: true });
    } finally {
      this.drop(topic.name, active);
    }
  }

  /**
   * Publishes a value and resolves with its position. With `fence` the caller holds the lease of the topic, see
   * `topicLease`.
   *
   * @throws (rejects) PublishError if the value has no JSON or another writer owns the topic; RealtimeError `too_large`
   * above `limits.frames.publicationBytes`; BrokerError.
   */
  async publish(topic: ResolvedTopic, value: unknown, options: PublishOptions = {}): Promise<Position> {
    try {
      return await this.write(topic, value, options);
    } catch (error) {
      throw options.fence === undefined ? hasSource(topic, error) : error;
    }
  }

  /**
   * Publishes a value when a transaction commits. Resolves when the transaction has it.
   *
   * @throws (rejects) what {@link publish} rejects with, before the transaction has a statement; PublishError
   * `no_transactions`.
   */
  async publishAtCommit(topic: ResolvedTopic, value: unknown, transaction: TransactionClient): Promise<void> {
    const { broker } = this.options;
    const { kind, name } = topic;
    const { text } = this.projectionOf(topic, value);
    if (broker.publishAtCommit === undefined) throw noTransactions(name, broker);
    try {
      await broker.publishAtCommit(name, { kind, id: this.nextId(), data: text }, transaction);
    } catch (error) {
      throw hasSource(topic, error);
    }
  }

  /** Loads the topic, and returns its newest value with its position. The value is undefined if there is none. */
  readNewest(topic: ResolvedTopic): Promise<{ readonly position: Position; readonly value: Json | undefined }> {
    return this.whileHeld(topic, async (active) => {
      const timeline = await this.loadTimeline(active, undefined);
      return timeline && { position: timeline.position, value: timeline.newest?.value };
    });
  }

  /** Emits the publications of a topic as this process sees them, beginning with the current value of a state topic. */
  stream(topic: ResolvedTopic): Observable<TopicPublication> {
    return new Observable((subscriber) => {
      const active = this.hold(topic);
      const { live } = active.lifecycle;
      const key = {};
      const open = async (): Promise<void> => {
        const timeline = await this.loadTimeline(active, undefined);
        if (subscriber.closed) return;
        if (timeline === undefined) return subscriber.complete();
        const follower = new StreamSubscriber(timeline, subscriber);
        live.add(key, follower);
        subscriber.add(() => live.remove(key, follower));
      };
      open().catch((error: unknown) => subscriber.error(error));
      return () => this.drop(topic.name, active);
    });
  }

  /** Closes the topic on every node. */
  close(topic: string): Promise<void> {
    this.writers.delete(topic);
    return this.options.broker.close(topic);
  }

  /** Releases all topics, and waits until the broker has answered all publications, for at most 3 s. */
  async dispose(): Promise<void> {
    this.disposed = true;
    for (const [name, active] of this.active) this.release(name, active);
    await Promise.all(this.releasing.values());
    await this.unanswered.flush(this.options.environment, this.options.log);
    this.writers.dispose();
  }

  /**
   * Holds the topic while `work` runs. If the topic ends meanwhile, `work` runs once more, because another node may
   * have closed the topic and a new one may start. A second attempt is the last one.
   */
  private async whileHeld<T>(topic: ResolvedTopic, work: (active: ActiveTopic) => Promise<T | undefined>): Promise<T> {
    for (let attempt = 0; attempt < MAX_ACTIVATIONS_PER_CALL && !this.disposed; attempt++) {
      const active = this.hold(topic);
      try {
        const result = await work(active);
        if (result !== undefined) return result;
      } finally {
        this.drop(topic.name, active);
      }
    }
    throw unavailableError('The topic ended while it loaded.');
  }

  /**
   * Loads the topic, and the publications since `since` if the broker has them. Undefined: the topic ended.
   *
   * @throws (rejects) RealtimeError `unavailable` if the broker is away and may have them.
   */
  private async loadTimeline({ lifecycle }: ActiveTopic, since: Since | undefined): Promise<Timeline | undefined> {
    const { live } = lifecycle;
    await lifecycle.whenLoaded();
    if (live.ended) return undefined;
    await live.fetchFor(since);
    if (live.ended) return undefined;
    const { staleSince, timeline } = live;
    const missing = staleSince === undefined ? undefined : timeline.missingFor(since);
    // The value of the client must not go back, and it must not count events as lost that the broker still has.
    if (missing === 'newer' || (missing !== undefined && timeline.kind === 'events')) {
      throw unavailableError('The topic has no more than an older position while the broker is away.');
    }
    return timeline;
  }

  /** Calls the broker in the same turn and never throws, so that publications of one process keep their order. */
  private write(topic: ResolvedTopic, value: unknown, options: PublishOptions): Promise<Position> {
    const position = this.append(topic, value, options);
    if (this.options.broker.isShared) this.unanswered.add(position);
    ActionContext.recordPublication(topic.name, position);
    return position;
  }

  private async append(topic: ResolvedTopic, value: unknown, options: PublishOptions): Promise<Position> {
    const { kind, name } = topic;
    const { broker } = this.options;
    const projection = this.projectionOf(topic, value);
    const live = this.active.get(name)?.lifecycle.live;
    const id = this.nextId();
    // Nobody reads the delta of a topic without readers, unless other nodes use the broker.
    if (live === undefined && !broker.isShared) {
      return broker.publish(name, newPublication(kind, id, projection), options);
    }
    const writer = this.writers.of(topic);
    return writer.track(broker.publish(name, writer.prepare(id, projection, live?.current), options));
  }

  private projectionOf(topic: ResolvedTopic, value: unknown): ReturnType<typeof project> {
    const { name } = topic;
    const { limits, loader } = this.options;
    const shown = loader.serialize === undefined ? value : loader.serialize(name, value);
    const before = projectionBefore(this.writers.find(name), this.active.get(name)?.lifecycle.live.current);
    const projection = project(name, shown, limits.frames.publicationBytes, before);
    if (!this.active.has(name) && loader.lacks?.(name)) this.warnings.warn(topic);
    return projection;
  }

  private nextId(): string {
    this.publications += 1;
    return this.idPrefix + this.publications.toString(36);
  }

  private hold(topic: ResolvedTopic): ActiveTopic {
    const active = this.active.get(topic.name) ?? this.activate(topic);
    active.holders += 1;
    this.lingering.get(topic.name)?.cancel();
    this.lingering.delete(topic.name);
    return active;
  }

  private activate(topic: ResolvedTopic): ActiveTopic {
    const { name } = topic;
    const { broker, environment, history, limits, loader, log } = this.options;
    const lifecycle = new TopicLifecycle(
      {
        ...{ broker, environment, history, limits, loader, log, topic, reads: this.reads },
        publishFirst: (value, only) => this.append(topic, value, { only }),
        publish: (value, conditions) => this.write(topic, value, conditions),
        onEnded: () => this.release(name, active),
      },
      this.releasing.get(name),
    );
    const active: ActiveTopic = { lifecycle, holders: 0 };
    this.active.set(name, active);
    return active;
  }

  private drop(name: string, active: ActiveTopic): void {
    active.holders -= 1;
    if (active.holders > 0 || this.active.get(name) !== active) return;
    const { environment, limits } = this.options;
    const timer = environment.setTimer(() => this.release(name, active), limits.timeouts.lingerMs);
    this.lingering.set(name, timer);
    if (this.lingering.size > MAX_LINGERING_TOPICS) this.releaseLongestUnused();
  }

  private releaseLongestUnused(): void {
    for (const name of this.lingering.keys()) {
      const active = this.active.get(name);
      if (active !== undefined) this.release(name, active);
      return;
    }
  }

  private release(name: string, active: ActiveTopic): void {
    if (this.active.get(name) !== active) return;
    this.active.delete(name);
    this.lingering.get(name)?.cancel();
    this.lingering.delete(name);
    if (!this.options.broker.isShared) this.writers.delete(name);
    const released: Promise<void> = active.lifecycle.release().finally(() => {
      if (this.releasing.get(name) === released) this.releasing.delete(name);
    });
    this.releasing.set(name, released);
  }
}

/** A state topic has no replay from its oldest position, because readers need only the newest value. */
function startOf({ kind }: ResolvedTopic, since: Since | undefined): Since | undefined {
  return kind === 'state' && since === 'oldest' ? undefined : since;
}
