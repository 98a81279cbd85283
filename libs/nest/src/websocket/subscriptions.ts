import type { PublicOf } from '../core/public-of.js';
import {
  ERROR_CODES,
  type ErrorFrame,
  type Since,
  type TopicRequest,
  type UnsubscribedCode,
} from '@statewire/protocol';

import type { CallerContext } from '../core/realtime-request.js';
import type { Dispatcher } from '../handlers/dispatcher.js';
import type { Outbox } from '../delivery/outbox.js';
import type { PresenceTracker } from '../presence/presence-tracker.js';
import type { PresenceHandle } from '../presence/topic-presence.js';
import { RealtimeError, echoOf, toRealtimeError } from '../core/errors.js';
import type { TopicSubscription } from '../topics/subscribers.js';
import type { TopicRegistry } from '../topics/topic-registry.js';

const REFUSED = Promise.resolve(false);

export interface SubscriptionsContext {
  readonly dispatcher: PublicOf<Dispatcher>;
  readonly topics: Pick<TopicRegistry, 'subscribe'>;
  readonly attendance: Pick<PresenceTracker, 'enter'> | undefined;
  readonly outbox: Pick<Outbox, 'send' | 'offer' | 'whenDrained'>;
  /** Topics one connection may follow. 0: any number. */
  readonly limit: number;
  /** Bounds how long the guards of a topic may take. */
  readonly deadline: <T>(work: Promise<T>) => Promise<T>;
  /** The frame for something that was thrown. */
  readonly toErrorFrame: (thrown: unknown, asked: Pick<ErrorFrame, 'topic' | 'ref'>) => ErrorFrame;
  /** Called when a change of a topic has settled. */
  readonly onSettled: () => void;
}

/** One topic of one connection. */
interface Entry {
  subscription: TopicSubscription | undefined;
  stay: PresenceHandle | undefined;
  /** Whether its guards let the follower in, once they have said so. */
  allowed: Promise<boolean>;
  /** Changes that have not settled. */
  changes: number;
  last: Promise<void>;
}

/** The topics one connection follows. Changes of one topic run in turn, of different topics side by side. */
export class Subscriptions {
  private readonly entries = new Map<string, Entry>();
  private running = 0;
  private inTurn = 0;
  private closed = false;

  constructor(private readonly context: SubscriptionsContext) {}

  /** Topics followed, or about to be. */
  get names(): readonly string[] {
    return [...this.entries.keys()];
  }

  isNamed(topic: string): boolean {
    return this.entries.has(topic);
  }

  /** Whether no change is under way. */
  get settled(): boolean {
    return this.running === 0;
  }

  /** Changes that wait for an earlier one of the same topic. */
  get waiting(): number {
    return this.inTurn;
  }

  /**
   * Whether the connection may know where the topic stands: it follows it, or its guards have let it in and the rest of
   * the subscription is under way. Waits for the guards.
   */
  isAllowed(topic: string): Promise<boolean> {
    return this.entries.get(topic)?.allowed ?? REFUSED;
  }

  subscribe({ topic, since }: TopicRequest, ref: string | undefined, caller: CallerContext): void {
    const { limit, outbox } = this.context;
    if (limit > 0 && this.entries.size >= limit && !this.entries.has(topic)) {
      const error = new RealtimeError('too_many_subscriptions', `A connection may follow ${limit} topics.`);
      outbox.send(error.toFrame(echoOf({ topic, ref })));
      return;
    }
    this.change(topic, ref, (entry) => this.attach(entry, topic, since, ref, caller));
  }

  unsubscribe(topic: string, ref: string | undefined): void {
    if (!this.entries.has(topic)) {
      this.answerNotSubscribed(topic, ref);
      return;
    }
    this.change(topic, ref, (entry) => {
      if (entry.subscription === undefined) return this.answerNotSubscribed(topic, ref);
      detach(entry);
      entry.stay?.end();
      this.context.outbox.send({ type: 'unsubscribed', topic, code: 'requested', ...echoOf({ ref }) });
    });
  }

  /**
   * Asks the guards of every topic again, and ends what they no longer allow. Only while no change is under way.
   *
   * @throws what a guard threw that could not say: then nothing has changed.
   */
  async reauthorize(caller: CallerContext): Promise<void> {
    const followed = [...this.entries];
    const refusals = await Promise.all(followed.map(([topic]) => this.refusalOf(topic, caller)));
    for (const [index, [topic, entry]] of followed.entries()) {
      const code = refusals[index];
      if (code === undefined || entry.subscription === undefined) continue;
      detach(entry);
      entry.stay?.end();
      this.entries.delete(topic);
      this.context.outbox.send({ type: 'unsubscribed', topic, code });
    }
  }

  close(): void {
    this.closed = true;
    for (const entry of this.entries.values()) {
      detach(entry);
      entry.stay?.leave();
    }
    this.entries.clear();
  }

  private async attach(
    entry: Entry,
    topic: string,
    since: Since | undefined,
    ref: string | undefined,
    caller: CallerContext,
  ): Promise<void> {
    detach(entry);
    const former = entry.stay;
    try {
      const resolving = this.authorize(topic, caller);
      entry.allowed = resolving.then(
        () => true,
        () => false,
      );
      const resolved = await resolving;
      if (this.closed) return;
      let ended = false;
      const onEnd = (): void => {
        ended = true;
        this.end(topic, entry);
      };
      const { outbox, topics } = this.context;
      const subscription = await topics.subscribe(resolved, outbox, { since, ref, onEnd });
      if (this.closed) return subscription.close();
      if (ended) return;
      entry.subscription = subscription;
      entry.stay = this.context.attendance?.enter(resolved, caller);
      former?.leave();
    } catch (thrown) {
      // Who may come back keeps its place as long as one who lost the connection; who lost the right has none.
      if (isTemporary(thrown)) former?.leave();
      else former?.end();
      throw thrown;
    }
  }

  private async authorize(topic: string, caller: CallerContext): ReturnType<Dispatcher['authorize']> {
    return this.context.deadline(this.context.dispatcher.authorize(topic, caller));
  }

  /** Why the caller may no longer follow the topic; undefined where it may. */
  private async refusalOf(topic: string, caller: CallerContext): Promise<UnsubscribedCode | undefined> {
    try {
      await this.authorize(topic, caller);
      return undefined;
    } catch (thrown) {
      if (isTemporary(thrown)) throw thrown;
      return toRealtimeError(thrown).code === 'unauthorized' ? 'unauthorized' : 'forbidden';
    }
  }

  private end(topic: string, entry: Entry): void {
    entry.subscription = undefined;
    entry.stay?.end();
    if (entry.changes === 0) this.entries.delete(topic);
    this.context.outbox.send({ type: 'unsubscribed', topic, code: 'closed' });
  }

  private change(topic: string, ref: string | undefined, work: (entry: Entry) => void | Promise<void>): void {
    const entry = this.entries.get(topic) ?? {
      subscription: undefined,
      stay: undefined,
      allowed: REFUSED,
      changes: 0,
      last: Promise.resolve(),
    };
    this.entries.set(topic, entry);
    const behind = entry.changes > 0;
    if (behind) this.inTurn += 1;
    entry.changes += 1;
    this.running += 1;
    entry.last = entry.last
      .then(() => {
        if (behind) this.inTurn -= 1;
        return this.closed ? undefined : work(entry);
      })
      .catch((thrown: unknown) => this.context.outbox.send(this.context.toErrorFrame(thrown, { topic, ref })))
      .then(() => {
        entry.changes -= 1;
        this.running -= 1;
        if (entry.changes === 0 && entry.subscription === undefined) this.entries.delete(topic);
        this.context.onSettled();
      });
  }

  private answerNotSubscribed(topic: string, ref: string | undefined): void {
    const error = new RealtimeError('not_subscribed', 'The topic is not subscribed on this connection.');
    this.context.outbox.send(error.toFrame(echoOf({ topic, ref })));
  }
}

/** Nothing of the topic is sent from now on. Whether its follower is still counted is another matter. */
function detach(entry: Entry): void {
  entry.subscription?.close();
  entry.subscription = undefined;
}

function isTemporary(thrown: unknown): boolean {
  return ERROR_CODES[toRealtimeError(thrown).code].temporary;
}
