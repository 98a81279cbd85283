import {
  parseServerFrame,
  type ClientFrame,
  type ErrorFrame,
  type ServerFrame,
  type TopicRequest,
  type UnsubscribedFrame,
} from '@statewire/protocol';

import type { ActionOutbox } from '../actions/action-outbox.js';
import type { Environment } from '../core/environment.js';
import { DEFAULT_RATE, FrameBudget } from './frame-budget.js';
import type { MetricsRecorder } from '../core/metrics-recorder.js';
import type { TopicEntry } from '../topics/topic-entry.js';
import type { TopicRegistry } from '../topics/topic-registry.js';
import { judge } from './judge.js';
import type { SessionListener } from './session-listener.js';
import { SocketActions } from './socket-actions.js';
import type { Subscription } from './subscription.js';
import { endTopic, failTopic } from './topic-error.js';
import { TopicFeed, type FeedFrame } from './topic-feed.js';

/** Topics in one `subscribe`: with names of 256 bytes the frame stays below 32 KiB. */
const TOPICS_PER_FRAME = 64;

/** The frames of one socket: what is asked, what is answered, and in which order it counts. Knows no timers. */
export class SocketSession {
  readonly actions: SocketActions;

  private readonly subscriptions = new Map<string, Subscription>();
  /** Topics the server may be sending, carried or not. */
  private readonly told = new Set<string>();
  private readonly toSubscribe = new Set<TopicEntry>();
  private readonly toUnsubscribe = new Set<string>();
  /** Of each `authenticate` that is not answered. */
  private readonly authenticating = new Set<string>();
  private lastRef = 0;
  private readonly budget: FrameBudget;
  private isGreeted = false;
  private isRetiring = false;
  private isOver = false;

  constructor(
    private readonly send: (text: string) => void,
    private readonly registry: TopicRegistry,
    private readonly outbox: ActionOutbox,
    private readonly metrics: MetricsRecorder,
    private readonly environment: Environment,
    private readonly listener: SessionListener,
  ) {
    this.budget = new FrameBudget(environment);
    this.actions = new SocketActions((text) => this.post(text), outbox, this.budget, environment, listener);
  }

  /** Whether anything that was asked is unanswered. */
  get isWaiting(): boolean {
    return !this.outbox.isEmpty || this.authenticating.size > 0 || !this.isConfirmed;
  }

  /** Everything the client wants, in one go: no round trip is spent on asking first. */
  greet(clientId: string, token: string | undefined): void {
    this.isGreeted = true;
    this.write({ type: 'hello', clientId, token });
    this.followAll();
  }

  /** Asks for a topic from its own position, again if need be. Several of one turn go in one frame. */
  follow(entry: TopicEntry): void {
    if (!this.isGreeted) return;
    this.toUnsubscribe.delete(entry.name);
    this.drop(entry.name);
    this.toSubscribe.add(entry);
    this.scheduleFlush();
  }

  followAll(): void {
    for (const entry of this.registry.open) {
      this.drop(entry.name);
      this.toSubscribe.add(entry);
    }
    this.flush();
  }

  leave(entry: TopicEntry): void {
    const { name } = entry;
    this.toSubscribe.delete(entry);
    this.drop(name);
    if (!this.told.delete(name)) return;
    this.toUnsubscribe.add(name);
    this.scheduleFlush();
  }

  /** The socket is silent: what it carried is up to the others now, until {@link followAll}. */
  suspend(): void {
    for (const name of [...this.subscriptions.keys()]) this.drop(name);
  }

  /** A newer socket takes over: this one carries what that one does not carry yet. */
  retire(): void {
    this.isRetiring = true;
  }

  end(): void {
    this.isOver = true;
    this.suspend();
  }

  /** @returns the `ref` of what answers it. */
  authenticate(token: string): string {
    const ref = this.ref();
    this.authenticating.add(ref);
    this.write({ type: 'authenticate', token, ref });
    this.listener.asked();
    return ref;
  }

  ping(time: number): void {
    this.write({ type: 'ping', time });
  }

  /**
   * Takes what the socket brought.
   *
   * @returns the time of a `pong`, for the round trip.
   * @throws ProtocolError where it is not a frame.
   */
  receive(text: string): number | undefined {
    const frame = parseServerFrame(text);
    if (frame === undefined || this.isOver) return undefined;
    this.metrics.add('framesReceived');
    return this.handle(frame);
  }

  private handle(frame: ServerFrame): number | undefined {
    switch (frame.type) {
      case 'subscribed':
      case 'snapshot':
      case 'patch':
      case 'event':
        this.takeTopicFrame(frame);
        break;
      case 'unsubscribed':
        this.takeUnsubscribed(frame);
        break;
      case 'error':
        this.takeError(frame);
        break;
      case 'ack':
        this.actions.answer(frame);
        break;
      case 'welcome':
        this.actions.welcomed();
        this.budget.learn(frame.limits.framesPerSecond ?? DEFAULT_RATE);
        this.listener.welcome(frame);
        this.settle();
        break;
      case 'authenticated':
        if (frame.ref !== undefined) this.authenticating.delete(frame.ref);
        this.listener.authenticated(frame);
        break;
      case 'drain':
        this.actions.drain();
        this.listener.drain(frame.reconnectWithin);
        break;
      case 'ping':
        this.write({ type: 'pong', time: frame.time });
        break;
      case 'pong':
        return frame.time;
    }
    return undefined;
  }

  private takeTopicFrame(frame: FeedFrame): void {
    const subscription = this.subscriptions.get(frame.topic);
    if (subscription === undefined) return;
    const { entry, feed } = subscription;
    if (!subscription.confirmed) {
      if (frame.type !== 'subscribed' || frame.ref !== subscription.ref) return;
      subscription.confirmed = true;
      if (entry.store.error !== undefined) {
        // It was refused on another way meanwhile, which stands until it is asked for once more.
        this.leave(entry);
        this.settle();
        return;
      }
      if (this.isRetiring && entry.carrier !== undefined) return;
      entry.carrier = subscription;
    } else if (entry.carrier !== subscription) {
      // A newer socket has taken the topic over.
      return;
    }
    const again = judge(entry, feed.take(frame), this.metrics, this.environment.now());
    if (entry.store.error?.code === 'kind_mismatch') this.leave(entry);
    if (again === 'now') this.follow(entry);
    if (again === 'later') this.rest(entry, undefined);
    if (frame.type === 'subscribed') this.settle();
    else this.listener.topicMoved(frame.topic);
  }

  private takeUnsubscribed({ topic, code }: UnsubscribedFrame): void {
    const subscription = this.subscriptions.get(topic);
    if (code === 'requested' || subscription?.entry.carrier !== subscription || subscription === undefined) return;
    this.drop(topic);
    this.told.delete(topic);
    endTopic(subscription.entry, code, this.environment.now());
    this.settle();
  }

  private takeError(error: ErrorFrame): void {
    const { id, topic, ref } = error;
    if (id !== undefined) {
      this.actions.refuse({ ...error, id });
    } else if (ref !== undefined && this.authenticating.delete(ref)) {
      this.listener.authenticated(error);
    } else if (topic === undefined && ref === undefined) {
      this.listener.refused(error);
    } else if (error.code !== 'not_subscribed') {
      // That one answers an `unsubscribe` that crossed the end of its topic: who follows it anew meanwhile is not meant.
      for (const subscription of [...this.subscriptions.values()]) {
        const isMeant = topic === undefined || topic === subscription.entry.name;
        if (isMeant && (ref === undefined || ref === subscription.ref)) this.failSubscription(subscription, error);
      }
      this.settle();
    }
  }

  private failSubscription({ entry }: Subscription, error: ErrorFrame): void {
    this.told.delete(entry.name);
    if (error.temporary) return this.rest(entry, error.retryAfter);
    this.drop(entry.name);
    failTopic(entry, error, this.environment.now());
  }

  private rest(entry: TopicEntry, retryAfter: number | undefined): void {
    this.drop(entry.name);
    this.listener.rest(entry, retryAfter);
  }

  private settle(): void {
    if (this.actions.isWelcomed && this.toSubscribe.size === 0 && this.isConfirmed) this.listener.settled();
  }

  private get isConfirmed(): boolean {
    return [...this.subscriptions.values()].every(({ confirmed }) => confirmed);
  }

  private drop(name: string): void {
    const subscription = this.subscriptions.get(name);
    if (subscription === undefined) return;
    this.subscriptions.delete(name);
    if (subscription.entry.carrier === subscription) subscription.entry.carrier = undefined;
  }

  private scheduleFlush(): void {
    queueMicrotask(() => this.flush());
  }

  private flush(): void {
    if (this.isOver) return;
    const entries = [...this.toSubscribe];
    this.toSubscribe.clear();
    for (let start = 0; start < entries.length; start += TOPICS_PER_FRAME) {
      this.subscribe(entries.slice(start, start + TOPICS_PER_FRAME));
    }
    if (this.toUnsubscribe.size === 0) return;
    this.write({ type: 'unsubscribe', topics: [...this.toUnsubscribe] });
    this.toUnsubscribe.clear();
  }

  private subscribe(entries: readonly TopicEntry[]): void {
    const ref = this.ref();
    const topics = entries.map((entry): TopicRequest => {
      const { name, store } = entry;
      const since = store.cursor;
      this.told.add(name);
      this.subscriptions.set(name, { entry, feed: new TopicFeed(store, since), ref, confirmed: false });
      return { topic: name, since };
    });
    this.write({ type: 'subscribe', topics, ref });
    this.listener.asked();
  }

  private ref(): string {
    this.lastRef += 1;
    return String(this.lastRef);
  }

  private write(frame: ClientFrame): void {
    this.post(JSON.stringify(frame));
  }

  private post(text: string): void {
    if (this.isOver) return;
    this.metrics.add('framesSent');
    this.budget.spend();
    this.send(text);
  }
}
