import type {
  ErrorFrame,
  FreshFrame,
  StaleFrame,
  SubscribeFrame,
  TopicRequest,
  UnsubscribedFrame,
  UnsubscribeFrame,
} from '@statewire/protocol';

import type { ClientEnvironment, Timer } from '../core/environment.js';
import type { MetricsRecorder } from '../core/metrics-recorder.js';
import type { ClientTopicRegistry } from '../topics/client-topic-registry.js';
import type { TopicEntry } from '../topics/topic-entry.js';
import type { Emit, SessionEvent } from './client-event.js';
import type { FrameBudget } from './frame-budget.js';
import { handleFeedOutcome } from './handle-feed-outcome.js';
import { endTopic, failTopic } from './topic-errors.js';
import { TopicFeed, type FeedFrame } from './topic-feed.js';

/** Topics in one frame. With names of 256 bytes the frame stays below 16 KiB, which every server accepts. */
const MAX_TOPICS_PER_FRAME = 32;

/** The subscription of one topic on one WebSocket. */
interface TopicSubscription {
  readonly entry: TopicEntry;
  readonly feed: TopicFeed;
  /** The `ref` of the latest `subscribe`. Frames before its `subscribed` answer an older one. */
  readonly ref: string;
  isConfirmed: boolean;
}

/** Subscribes to topics over one WebSocket, and applies their frames. */
export class SocketTopics {
  readonly #write: (frame: SubscribeFrame | UnsubscribeFrame) => void;
  readonly #nextRef: () => string;
  readonly #registry: ClientTopicRegistry;
  readonly #metrics: MetricsRecorder;
  readonly #budget: FrameBudget;
  readonly #environment: ClientEnvironment;
  readonly #emit: Emit<SessionEvent>;

  readonly #subscriptions = new Map<string, TopicSubscription>();
  /** Topics that the server may be sending, whether or not their frames still count. */
  readonly #announced = new Set<string>();
  readonly #toSubscribe = new Set<TopicEntry>();
  readonly #toUnsubscribe = new Set<string>();
  /** Runs while the next frame waits for the budget. */
  #timer: Timer | undefined;
  #isGreeted = false;
  #isWelcomed = false;
  #isRetiring = false;
  #isOver = false;

  constructor(
    write: (frame: SubscribeFrame | UnsubscribeFrame) => void,
    nextRef: () => string,
    registry: ClientTopicRegistry,
    metrics: MetricsRecorder,
    budget: FrameBudget,
    environment: ClientEnvironment,
    emit: Emit<SessionEvent>,
  ) {
    this.#write = write;
    this.#nextRef = nextRef;
    this.#registry = registry;
    this.#metrics = metrics;
    this.#budget = budget;
    this.#environment = environment;
    this.#emit = emit;
  }

  /** Whether the server has answered every `subscribe`. */
  get areConfirmed(): boolean {
    return [...this.#subscriptions.values()].every(({ isConfirmed }) => isConfirmed);
  }

  /** Subscribes to every topic, right after `hello`. */
  greet(): void {
    this.#isGreeted = true;
    this.followAll();
  }

  handleWelcome(): void {
    this.#isWelcomed = true;
    this.#reportConfirmed();
  }

  /**
   * Requests a topic from its position, again if need be. The topics of one turn of the event loop share one frame. A page
   * that scrolls through topics sends as many frames as the server accepts, and more topics in each.
   */
  follow(entry: TopicEntry): void {
    if (!this.#isGreeted) return;
    this.#toUnsubscribe.delete(entry.name);
    this.#drop(entry.name);
    this.#toSubscribe.add(entry);
    this.#scheduleFlush();
  }

  followAll(): void {
    for (const entry of this.#registry.requestable) {
      this.#drop(entry.name);
      this.#toSubscribe.add(entry);
    }
    this.#flush();
  }

  /** Unsubscribes from a topic that the application no longer follows. */
  leave(entry: TopicEntry): void {
    const { name } = entry;
    this.#toSubscribe.delete(entry);
    this.#drop(name);
    if (!this.#announced.delete(name)) return;
    this.#toUnsubscribe.add(name);
    this.#scheduleFlush();
  }

  /** Leaves the topics of a silent connection to other transports, until {@link followAll}. */
  suspend(): void {
    for (const name of [...this.#subscriptions.keys()]) this.#drop(name);
  }

  /** Hands over to a newer connection. This one still delivers the topics that the newer one does not deliver yet. */
  retire(): void {
    this.#isRetiring = true;
  }

  end(): void {
    this.#isOver = true;
    this.#timer?.cancel();
    this.suspend();
  }

  handleFeedFrame(frame: FeedFrame): void {
    const subscription = this.#subscriptions.get(frame.topic);
    if (subscription === undefined) return;
    const { entry, feed } = subscription;
    if (!subscription.isConfirmed) {
      if (frame.type !== 'subscribed' || frame.ref !== subscription.ref) return;
      subscription.isConfirmed = true;
      if (entry.store.error !== undefined) {
        // The other transport got an error meanwhile. It stands until the application requests the topic again.
        this.leave(entry);
        this.#reportConfirmed();
        return;
      }
      if (this.#isRetiring && entry.subscription !== undefined) return;
      entry.subscription = subscription;
    } else if (entry.subscription !== subscription) {
      // A newer connection delivers the topic.
      return;
    }
    const next = handleFeedOutcome(entry, feed.apply(frame), this.#metrics, this.#environment.now());
    if (entry.store.error?.code === 'kind_mismatch') this.leave(entry);
    if (next === 'immediate') this.follow(entry);
    if (next === 'deferred') this.#defer(entry, undefined);
    if (frame.type === 'subscribed') this.#reportConfirmed();
    else this.#emit({ type: 'publication-received', topic: frame.topic });
  }

  handleUnsubscribed({ topic, code }: UnsubscribedFrame): void {
    const subscription = this.#subscriptions.get(topic);
    if (code === 'requested' || subscription?.entry.subscription !== subscription || subscription === undefined) return;
    this.#drop(topic);
    this.#announced.delete(topic);
    endTopic(subscription.entry, code, this.#environment.now());
    this.#reportConfirmed();
  }

  /** A subscription without its `subscribed` is not concerned: that frame tells whether the topic is stale. */
  handleStaleness(frame: StaleFrame | FreshFrame): void {
    for (const [name, subscription] of this.#subscriptions) {
      const { entry, feed } = subscription;
      if (entry.subscription === subscription && (frame.topics?.includes(name) ?? true)) feed.applyStaleness(frame);
    }
  }

  /** Handles an error that concerns one topic, or every topic of one `subscribe`. */
  handleError(error: ErrorFrame): void {
    const { code, topic, ref } = error;
    // The topic ended while an `unsubscribe` was on its way. A subscription that came later is not affected.
    if (code === 'not_subscribed') return;
    for (const subscription of [...this.#subscriptions.values()]) {
      const isAffected = topic === undefined || topic === subscription.entry.name;
      if (isAffected && (ref === undefined || ref === subscription.ref)) this.#failSubscription(subscription, error);
    }
    this.#reportConfirmed();
  }

  #failSubscription({ entry }: TopicSubscription, error: ErrorFrame): void {
    this.#announced.delete(entry.name);
    if (error.temporary) return this.#defer(entry, error);
    this.#drop(entry.name);
    failTopic(entry, error, this.#environment.now());
  }

  #defer(entry: TopicEntry, error: ErrorFrame | undefined): void {
    this.#drop(entry.name);
    this.#emit({ type: 'topic-deferred', entry, error });
  }

  #reportConfirmed(): void {
    if (this.#isWelcomed && this.#toSubscribe.size === 0 && this.areConfirmed) this.#emit({ type: 'topics-confirmed' });
  }

  #drop(name: string): void {
    const subscription = this.#subscriptions.get(name);
    if (subscription === undefined) return;
    this.#subscriptions.delete(name);
    if (subscription.entry.subscription === subscription) subscription.entry.subscription = undefined;
  }

  #scheduleFlush(): void {
    const { queueMicrotask = globalThis.queueMicrotask } = this.#environment;
    queueMicrotask(() => this.#flush());
  }

  #flush(): void {
    if (this.#isOver || this.#timer || !(this.#toSubscribe.size + this.#toUnsubscribe.size)) return;
    const { delay } = this.#budget;
    if (delay > 0) {
      this.#timer = this.#environment.setTimer(() => {
        this.#timer = undefined;
        this.#flush();
      }, delay);
      return;
    }
    const [entries, names] = [[...this.#toSubscribe], [...this.#toUnsubscribe]];
    this.#toSubscribe.clear();
    this.#toUnsubscribe.clear();
    while (entries.length > 0) this.#subscribe(entries.splice(0, MAX_TOPICS_PER_FRAME));
    while (names.length > 0) this.#write({ type: 'unsubscribe', topics: names.splice(0, MAX_TOPICS_PER_FRAME) });
  }

  #subscribe(entries: readonly TopicEntry[]): void {
    const ref = this.#nextRef();
    const topics = entries.map((entry): TopicRequest => {
      const { name, store } = entry;
      const since = store.cursor;
      this.#announced.add(name);
      this.#subscriptions.set(name, { entry, feed: new TopicFeed(store, since), ref, isConfirmed: false });
      return { topic: name, since };
    });
    this.#write({ type: 'subscribe', topics, ref });
    this.#emit({ type: 'request-sent' });
  }
}
