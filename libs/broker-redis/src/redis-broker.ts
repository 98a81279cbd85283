import type { BrokerContext } from '@statewire/nest';
import { Claims, Leases, NetworkBroker, Nodes, Presence, Requests, TopicListeners } from '@statewire/nest/broker';

import { Channels } from './channels.js';
import { RedisClaimStore } from './claim-store.js';
import type { FindServers } from './cluster.js';
import type { RedisConnection } from './connection.js';
import { Epochs } from './epochs.js';
import { Keys } from './keys.js';
import { RedisLeaseStore } from './lease-store.js';
import { Lineages } from './lineage.js';
import { RedisLink } from './link.js';
import { RedisNodeChannels } from './node-channels.js';
import { RedisNodeStore } from './node-store.js';
import type { ResolvedRedisBrokerOptions } from './options.js';
import { RedisPresenceStore } from './presence-store.js';
import { Publisher } from './publisher.js';
import { claimScripts } from './scripts/claim-scripts.js';
import { leaseScripts, nodeScripts, presenceScripts } from './scripts/node-scripts.js';
import type { Script } from './scripts/script.js';
import { topicScripts } from './scripts/topic-scripts.js';
import { RedisTopicChannels } from './topic-channels.js';
import { TopicReader } from './topic-reader.js';
import type { OpenWire } from './wire.js';

/** Longest time between two looks at the positions of all topics with listeners. */
const LONGEST_SWEEP_MS = 30_000;
const LONGEST_CLUSTER_SWEEP_MS = 10_000;
/** Keeps topics, claims, leases and presence in Redis, for all nodes that use the same server and prefix. */
export class RedisBroker extends NetworkBroker {
  readonly name = 'redis';
  protected readonly link: RedisLink;
  private readonly channels = new Channels();
  protected readonly publisher: Publisher;
  protected readonly reader: TopicReader;
  protected readonly listeners: TopicListeners;
  protected readonly claims: Claims;
  protected readonly leases: Leases;
  protected readonly requests: Requests;
  protected readonly presence: Presence;
  protected readonly nodes: Nodes;
  private readonly keys: Keys;
  private sweptAt = 0;

  constructor(
    context: BrokerContext,
    private readonly options: ResolvedRedisBrokerOptions,
    openWire: OpenWire,
    findServers: FindServers,
  ) {
    super(context);
    const { counters, environment, history, log } = context;
    const { node } = this;
    this.keys = new Keys(options.prefix);
    const { keys } = this;
    const topics = topicScripts(history);
    const scripts = [topics, claimScripts, leaseScripts, nodeScripts, presenceScripts].flatMap(
      (group) => Object.values(group) as Script[],
    );
    const lineages = new Lineages(keys, scripts, options.lineage, environment);
    const epochs = new Epochs(node);
    this.link = new RedisLink(openWire, findServers, lineages, keys, context, options, {
      onMessage: (channel, message) => this.channels.receive(channel, message),
      onLost: (partitions) => this.onLost(partitions),
      restore: (connection, partitions) => this.restore(connection, partitions),
      onUp: (partitions) => this.onUp(partitions),
      onLineageChange: (partitions) => this.onLineageChange(partitions),
    });
    const { maxPending, publishTimeoutMs: timeoutMs, wait } = options;
    this.publisher = new Publisher(this.link, keys, topics, epochs, context, { ...maxPending, timeoutMs, wait });
    this.reader = new TopicReader(this.link, keys, topics, epochs);
    this.listeners = new TopicListeners(
      new RedisTopicChannels(this.channels, keys),
      (id) => this.publisher.find(id),
      (topic, error) => log.error('topic-listener-failed', error, { topic }),
      counters,
    );
    this.nodes = new Nodes(node, new RedisNodeStore(this.link, keys), environment, options.nodeTtlMs, {
      onBeat: () => this.onBeat(),
      onReturn: () => this.ignoreFailure(this.restorePresence(this.link.up)),
    });
    const claims = new RedisClaimStore(node, this.link, keys, this.channels);
    this.claims = new Claims(this.nodes, claims, environment, context.actionWindowMs);
    const leases = new RedisLeaseStore(node, this.link, keys, this.channels);
    this.leases = new Leases(leases, environment, options.leaseTtlMs, counters);
    const presence = new RedisPresenceStore(node, this.link, keys);
    this.presence = new Presence(this.nodes, presence, environment);
    const messenger = new RedisNodeChannels(this.link, keys, this.channels);
    this.requests = new Requests(node, messenger, this.leases, environment, options.requestTimeoutMs, counters);
    messenger.listen(node, (text) => this.requests.receive(text));
  }

  /** Number of partitions that can be used now, for tests. */
  get reachable(): number {
    return this.link.up.length;
  }

  protected override get isReachable(): boolean {
    return this.reachable > 0;
  }

  private onLost(partitions: readonly number[]): void {
    this.channels.onLost(partitions);
    this.publisher.onLost(partitions);
    this.listeners.interrupt(this.liesIn(partitions));
  }

  /** Listens again, and tells the listeners where their topics stand, before anything is published. */
  private async restore(connection: RedisConnection, partitions: readonly number[]): Promise<void> {
    await this.channels.resubscribe(connection, partitions);
    if (partitions.includes(this.keys.nodes.partition)) await this.nodes.restore();
    await this.sweep(partitions);
    await this.restorePresence(partitions);
  }

  private restorePresence(partitions: readonly number[]): Promise<void> {
    return this.presence.restore(this.liesIn(partitions));
  }

  private onUp(partitions: readonly number[]): void {
    this.publisher.onUp(partitions);
    this.claims.onUp((key) => partitions.includes(this.keys.claim(key).partition));
    this.leases.wake();
  }

  private onLineageChange(partitions: readonly number[]): void {
    if (partitions.includes(this.keys.nodes.partition)) this.nodes.mistrust();
    this.ignoreFailure(this.sweep(partitions));
    this.ignoreFailure(this.restorePresence(partitions));
    this.leases.wake();
  }

  private onBeat(): void {
    this.ignoreFailure(this.presence.renew());
    this.ignoreFailure(this.claims.renew());
    const { environment, history } = this.context;
    const longest = this.options.cluster === undefined ? LONGEST_SWEEP_MS : LONGEST_CLUSTER_SWEEP_MS;
    const interval = history.ageMs === 0 ? longest : Math.min(longest, history.ageMs / 3);
    if (environment.monotonic() - this.sweptAt < interval) return;
    this.sweptAt = environment.monotonic();
    this.ignoreFailure(this.sweep(this.link.up));
  }

  /** Renews the topics with listeners, and tells listeners that have missed something. */
  private async sweep(partitions: readonly number[]): Promise<void> {
    const names = this.listeners.names.filter(this.liesIn(partitions));
    this.context.counters?.swept(names.length);
    await this.reader.check(names, (standings) => this.listeners.resume(standings));
  }

  /** Tells whether a topic lies in one of the partitions. */
  private liesIn(partitions: readonly number[]): (topic: string) => boolean {
    const wanted = new Set(partitions);
    return (topic) => wanted.has(this.keys.topic(topic).partition);
  }
}
