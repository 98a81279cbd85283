import {
  ERROR_CODES,
  type ErrorFrame,
  type Since,
  type TopicRequest,
  type UnsubscribedCode,
} from '@statewire/protocol';

import type { CallerContext } from '../core/realtime-request.js';
import type { Dispatcher, RequestDispatcher } from '../handlers/dispatcher.js';
import type { Outbox } from '../delivery/outbox.js';
import type { PresenceTracker } from '../presence/presence-tracker.js';
import type { PresenceHandle } from '../presence/topic-presence.js';
import { RealtimeError, echoOf, internalError, toRealtimeError } from '../core/errors.js';
import type { EndReason, TopicSubscription } from '../topics/subscribers.js';
import type { TopicRegistry } from '../topics/topic-registry.js';

const NOT_ALLOWED = Promise.resolve(false);

export interface SubscriptionsContext {
  readonly dispatcher: RequestDispatcher;
  readonly topics: Pick<TopicRegistry, 'subscribe'>;
  readonly presence: Pick<PresenceTracker, 'enter'> | undefined;
  readonly outbox: Pick<Outbox, 'deltas' | 'send' | 'offer' | 'whenDrained'>;
  /** Most topics that one connection may follow. 0: no limit. */
  readonly limit: number;
  /** Limits the time that the guards of a topic may take. */
  readonly deadline: <T>(work: Promise<T>) => Promise<T>;
  readonly toErrorFrame: (error: unknown, request: Pick<ErrorFrame, 'topic' | 'ref'>) => ErrorFrame;
  /** Called after a change of a topic has settled. */
  readonly onSettled: () => void;
}

/** A topic that the client follows, or is about to follow. */
interface FollowedTopic {
  subscription: TopicSubscription | undefined;
  presence: PresenceHandle | undefined;
  /** Whether the guards of the topic let the client in. Pending while they run. */
  allowed: Promise<boolean>;
  /** Number of changes that have not settled. */
  changes: number;
  lastChange: Promise<void>;
}

/**
 * The topics that one client follows. Changes of one topic run one after another, changes of different topics side by
 * side.
 */
export class Subscriptions {
  private readonly byTopic = new Map<string, FollowedTopic>();
  private changes = 0;
  private waitingChanges = 0;
  private closed = false;

  constructor(private readonly context: SubscriptionsContext) {}

  /** Names of the topics that the client follows, or is about to follow. */
  get names(): readonly string[] {
    return [...this.byTopic.keys()];
  }

  /** Whether the client follows the topic, or is about to. */
  has(topic: string): boolean {
    return this.byTopic.has(topic);
  }

  /** Whether no change is under way. */
  get settled(): boolean {
    return this.changes === 0;
  }

  /** Number of changes that wait for an earlier change of the same topic. */
  get waiting(): number {
    return this.waitingChanges;
  }

  /**
   * Whether the client may know the position of the topic: it follows the topic, or the guards have let it in and the
   * subscription is not complete yet. Waits for the guards.
   */
  isAllowed(topic: string): Promise<boolean> {
    return this.byTopic.get(topic)?.allowed ?? NOT_ALLOWED;
  }

  subscribe({ topic, since }: TopicRequest, ref: string | undefined, caller: CallerContext): void {
    const { limit, outbox } = this.context;
    if (limit > 0 && this.byTopic.size >= limit && !this.byTopic.has(topic)) {
      const error = new RealtimeError(
        'too_many_subscriptions',
        `A connection may follow at most ${limit} topics. Unsubscribe from one first.`,
      );
      outbox.send(error.toFrame(echoOf({ topic, ref })));
      return;
    }
    this.change(topic, ref, (followed) => this.attach(followed, topic, since, ref, caller));
  }

  unsubscribe(topic: string, ref: string | undefined): void {
    if (!this.byTopic.has(topic)) {
      this.rejectUnsubscribe(topic, ref);
      return;
    }
    this.change(topic, ref, (followed) => {
      if (followed.subscription === undefined) return this.rejectUnsubscribe(topic, ref);
      detach(followed);
      followed.presence?.end();
      this.context.outbox.send({ type: 'unsubscribed', topic, code: 'requested', ...echoOf({ ref }) });
    });
  }

  /**
   * Asks the guards of every topic again, and ends the subscriptions that they no longer allow. Call it only while no
   * topic changes.
   *
   * @throws (rejects) the error of a guard that failed for a temporary reason. All subscriptions stay then.
   */
  async reauthorize(caller: CallerContext): Promise<void> {
    const topics = [...this.byTopic];
    const codes = await Promise.all(topics.map(([topic]) => this.endingOf(topic, caller)));
    for (const [index, [topic, followed]] of topics.entries()) {
      const code = codes[index];
      if (code === undefined || followed.subscription === undefined) continue;
      detach(followed);
      followed.presence?.end();
      this.byTopic.delete(topic);
      this.context.outbox.send({ type: 'unsubscribed', topic, code });
    }
  }

  close(): void {
    this.closed = true;
    for (const followed of this.byTopic.values()) {
      detach(followed);
      followed.presence?.leave();
    }
    this.byTopic.clear();
  }

  private async attach(
    followed: FollowedTopic,
    topic: string,
    since: Since | undefined,
    ref: string | undefined,
    caller: CallerContext,
  ): Promise<void> {
    detach(followed);
    const former = followed.presence;
    try {
      const resolving = this.authorize(topic, caller);
      followed.allowed = resolving.then(
        () => true,
        () => false,
      );
      const resolved = await resolving;
      if (this.closed) return;
      let ended = false;
      const onEnd = (reason: EndReason): void => {
        ended = true;
        this.end(topic, followed, reason);
      };
      const { outbox, topics } = this.context;
      const subscription = await topics.subscribe(resolved, outbox, { since, ref, onEnd });
      if (this.closed) return subscription.close();
      if (ended) return;
      followed.subscription = subscription;
      followed.presence = this.context.presence?.enter(resolved, caller);
      former?.leave();
    } catch (error) {
      // After a temporary error the client stays a member for the grace period. A client without the right does not.
      if (isTemporary(error)) former?.leave();
      else former?.end();
      throw error;
    }
  }

  private async authorize(topic: string, caller: CallerContext): ReturnType<Dispatcher['authorize']> {
    return this.context.deadline(this.context.dispatcher.authorize(topic, caller));
  }

  /** @returns the code with which the subscription ends; undefined if the caller may still follow the topic. */
  private async endingOf(topic: string, caller: CallerContext): Promise<UnsubscribedCode | undefined> {
    try {
      await this.authorize(topic, caller);
      return undefined;
    } catch (error) {
      if (isTemporary(error)) throw error;
      return toRealtimeError(error).code === 'unauthorized' ? 'unauthorized' : 'forbidden';
    }
  }

  private end(topic: string, followed: FollowedTopic, reason: EndReason): void {
    followed.subscription = undefined;
    // After a failure the client follows the topic again, so it stays a member for the grace period.
    if (reason === 'failed') followed.presence?.leave();
    else followed.presence?.end();
    if (followed.changes === 0) this.byTopic.delete(topic);
    const { outbox } = this.context;
    if (reason === 'failed') outbox.send(internalError(undefined).toFrame({ topic }));
    else outbox.send({ type: 'unsubscribed', topic, code: 'closed' });
  }

  private change(
    topic: string,
    ref: string | undefined,
    work: (followed: FollowedTopic) => void | Promise<void>,
  ): void {
    const followed = this.byTopic.get(topic) ?? {
      subscription: undefined,
      presence: undefined,
      allowed: NOT_ALLOWED,
      changes: 0,
      lastChange: Promise.resolve(),
    };
    this.byTopic.set(topic, followed);
    const mustWait = followed.changes > 0;
    if (mustWait) this.waitingChanges += 1;
    followed.changes += 1;
    this.changes += 1;
    followed.lastChange = followed.lastChange
      .then(() => {
        if (mustWait) this.waitingChanges -= 1;
        return this.closed ? undefined : work(followed);
      })
      .catch((error: unknown) => this.context.outbox.send(this.context.toErrorFrame(error, { topic, ref })))
      .then(() => {
        followed.changes -= 1;
        this.changes -= 1;
        if (followed.changes === 0 && followed.subscription === undefined) this.byTopic.delete(topic);
        this.context.onSettled();
      });
  }

  private rejectUnsubscribe(topic: string, ref: string | undefined): void {
    const error = new RealtimeError('not_subscribed', 'This connection does not follow the topic.');
    this.context.outbox.send(error.toFrame(echoOf({ topic, ref })));
  }
}

/** Stops the frames of the topic. The presence of the client is separate from it. */
function detach(followed: FollowedTopic): void {
  followed.subscription?.close();
  followed.subscription = undefined;
}

function isTemporary(error: unknown): boolean {
  return ERROR_CODES[toRealtimeError(error).code].temporary;
}
