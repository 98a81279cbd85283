import { Inject, Injectable } from '@nestjs/common';
import { MAX_VALUE_DEPTH, type Json } from '@statewire/protocol';

import type { Broker } from '../core/broker.js';
import { withDeadline } from '../core/environment.js';
import { HandlerRegistry, type MatchedTopic } from '../handlers/handler-registry.js';
import { requestOf } from '../handlers/dispatcher.js';
import type { CallerContext } from '../core/realtime-request.js';
import { firstLineOf, type RealtimeLog } from '../core/realtime-log.js';
import { Counters } from '../core/counters.js';
import type { ResolvedRealtimeOptions } from '../core/options.js';
import { BROKER, REALTIME_LOG, REALTIME_OPTIONS } from '../core/tokens.js';
import { jsonCopy, type CopyUse } from '../topics/json-copy.js';
import type { ResolvedTopic } from '../topics/topic-loader.js';
import { presenceLease, presenceName } from './presence-source.js';
import { TopicPresence, type PresenceHandle } from './topic-presence.js';

/** The info of a member, which is three levels deep in the value of the presence topic. */
const INFO: CopyUse = {
  maxDepth: MAX_VALUE_DEPTH - 3,
  option: 'presence.infoBytes',
  remedy: 'Return less info',
};

/** Counts the clients that follow topics over this node, for each topic with an `@OnPresence` handler. */
@Injectable()
export class PresenceTracker {
  /** Clients that are counted at once, over all topics; those beyond are not. */
  protected readonly maxClients: number = 100_000;
  private readonly topics = new Map<string, TopicPresence>();
  private readonly count = { clients: 0 };
  private readonly pollGrace: number;
  private disposed = false;

  constructor(
    private readonly registry: HandlerRegistry,
    @Inject(BROKER) private readonly broker: Broker,
    @Inject(REALTIME_OPTIONS) private readonly options: ResolvedRealtimeOptions,
    @Inject(REALTIME_LOG) private readonly log: RealtimeLog,
    private readonly counters: Counters,
  ) {
    const { polling, presence } = options;
    // A client that polls is gone between two polls; one of them may come late.
    this.pollGrace = Math.max(presence.graceMs, 2 * polling.intervalMs);
  }

  /** Numbers of topics with members, and of clients, once for each topic. */
  get sizes(): { readonly topics: number; readonly clients: number } {
    return { topics: this.topics.size, clients: this.count.clients };
  }

  /**
   * Counts a client that follows a topic from now on. Never throws.
   *
   * @returns undefined for a topic without an `@OnPresence` handler: nothing is counted.
   */
  enter({ name }: ResolvedTopic, caller: CallerContext): PresenceHandle | undefined {
    const match = this.registry.presence(name);
    if (!match || caller.clientId === '' || this.disposed) return undefined;
    if (this.count.clients >= this.maxClients) {
      this.counters.presenceUncounted += 1;
      this.log.warn('presence-full', { reason: 'clients', limit: this.maxClients });
      return undefined;
    }
    const grace = caller.admission === 'http' ? this.pollGrace : this.options.presence.graceMs;
    return this.presenceOf(name, match).enter(caller, grace);
  }

  /** Forgets all members. Sends nothing to the broker, which knows that this node has ended. */
  dispose(): void {
    this.disposed = true;
    for (const topic of this.topics.values()) topic.dispose();
    this.topics.clear();
    this.count.clients = 0;
  }

  private presenceOf(topic: string, match: MatchedTopic): TopicPresence {
    const existing = this.topics.get(topic);
    if (existing !== undefined) return existing;
    const { broker, count, counters, log, options } = this;
    const presence = new TopicPresence({
      ...{ topic, broker, log, count, counters },
      environment: options.environment,
      interval: options.presence.intervalMs,
      describe: (caller) => this.describe(topic, match, caller),
      notify: () => broker.request(presenceLease(topic), null),
      onEmpty: () => {
        if (this.topics.get(topic) === presence) this.topics.delete(topic);
      },
    });
    this.topics.set(topic, presence);
    return presence;
  }

  /** Runs the application's handler for the info of a caller. An error costs only the info. */
  private async describe(
    followed: string,
    { handler, params }: MatchedTopic,
    caller: CallerContext,
  ): Promise<Json | undefined> {
    const { environment, limits, presence } = this.options;
    const topic = presenceName(followed);
    try {
      const load = await handler.load(requestOf(caller, { topic, params }));
      if (load.type === 'source') throw new TypeError('An @OnPresence handler returns a value, not an observable.');
      const shown =
        load.type === 'value' ? await withDeadline(environment, limits.timeouts.loadMs, load.value) : undefined;
      if (shown === undefined || shown === null) return undefined;
      return jsonCopy(topic, handler.serialize(shown), presence.infoBytes, INFO);
    } catch (error) {
      this.log.warn('presence-info-left-out', { topic, error: firstLineOf(error) });
      return undefined;
    }
  }
}
