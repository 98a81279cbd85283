import type {
  Broker,
  BrokerContext,
  BrokerStatus,
  Claim,
  ClaimOptions,
  Lease,
  NewPublication,
  PresenceMember,
  PublishOptions,
  ReadOptions,
  Release,
  TopicHistory,
  TopicMessage,
} from '@statewire/nest';
import { Claims, disposedError, Leases, Nodes, Presence, Requests } from '@statewire/nest/broker';
import type { Json, Position, TopicKind } from '@statewire/protocol';
import type { Observable } from 'rxjs';

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
import { TopicListeners } from './topic-listeners.js';
import { TopicReader } from './topic-reader.js';
import type { OpenWire } from './wire.js';

/** Longest time between two looks at the positions of all topics with listeners. */
const LONGEST_SWEEP_MS = 30_000;
const LONGEST_CLUSTER_SWEEP_MS = 10_000;
/** Characters of the ids of a node. */
const NODE_ID_LENGTH = 12;
/** Time for the farewell of a node that shuts down. */
const FAREWELL_MS = 2_000;

/** Keeps topics, claims, leases and presence in Redis, for all nodes that use the same server and prefix. */
export class RedisBroker implements Broker {
  readonly name = 'redis';
  readonly isShared = true;
  private readonly link: RedisLink;
  private readonly channels = new Channels();
  private readonly publisher: Publisher;
  private readonly reader: TopicReader;
  private readonly listeners: TopicListeners;
  private readonly claims: Claims;
  private readonly leases: Leases;
  private readonly requests: Requests;
  private readonly presence: Presence;
  private readonly nodes: Nodes;
  private readonly keys: Keys;
  private sweptAt = 0;
  private isDisposed = false;

  constructor(
    private readonly context: BrokerContext,
    private readonly options: ResolvedRedisBrokerOptions,
    openWire: OpenWire,
    findServers: FindServers,
  ) {
    const { environment, history, log } = context;
    const node = environment.id().slice(0, NODE_ID_LENGTH);
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
      this.channels,
      keys,
      (id) => this.publisher.find(id),
      (topic, error) => log.error('topic-listener-failed', error, { topic }),
    );
    this.nodes = new Nodes(node, new RedisNodeStore(this.link, keys), environment, options.nodeTtlMs, {
      onBeat: () => this.onBeat(),
      onReturn: () => this.ignoreFailure(this.restorePresence(this.link.up)),
    });
    const claims = new RedisClaimStore(node, this.link, keys, this.channels);
    this.claims = new Claims(this.nodes, claims, environment, context.actionWindowMs);
    const leases = new RedisLeaseStore(node, this.link, keys, this.channels);
    this.leases = new Leases(leases, environment, options.leaseTtlMs);
    const presence = new RedisPresenceStore(node, this.link, keys);
    this.presence = new Presence(this.nodes, presence, environment);
    const messenger = new RedisNodeChannels(this.link, keys, this.channels);
    this.requests = new Requests(node, messenger, this.leases, environment, options.requestTimeoutMs);
    messenger.listen(node, (text) => this.requests.receive(text));
  }

  /** Numbers of held resources, for tests. All are 0 when nothing uses the broker. */
  get sizes(): Readonly<Record<'pending' | 'listened' | 'claims' | 'leases' | 'presence', number>> {
    return {
      pending: this.publisher.size,
      listened: this.listeners.names.length,
      claims: this.claims.size,
      leases: this.leases.size,
      presence: this.presence.size,
    };
  }

  /** Number of partitions that can be used now, for tests. */
  get reachable(): number {
    return this.link.up.length;
  }

  get status(): Observable<BrokerStatus> {
    return this.link.status;
  }

  /** Rejects if the server cannot be reached or used. */
  start(): Promise<void> {
    return this.link.start();
  }

  async publish(topic: string, publication: NewPublication, options?: PublishOptions): Promise<Position> {
    this.check();
    return this.publisher.publish(topic, publication, options);
  }

  async listen(topic: string, listener: (message: TopicMessage) => void): Promise<Release> {
    this.check();
    return this.listeners.listen(topic, listener);
  }

  async read(topic: string, kind: TopicKind, options?: ReadOptions): Promise<TopicHistory> {
    this.check();
    return this.reader.read(topic, kind, options);
  }

  async replaceEpoch(
    topic: string,
    kind: TopicKind,
    expected: string,
    options?: { keep?: boolean },
  ): Promise<Position> {
    this.check();
    return this.reader.replaceEpoch(topic, kind, expected, options?.keep === true);
  }

  async close(topic: string): Promise<void> {
    this.check();
    return this.reader.close(topic);
  }

  async claim(key: string, fingerprint: string, options?: ClaimOptions): Promise<Claim> {
    this.check();
    return this.claims.claim(key, fingerprint, options);
  }

  async settle(key: string, answer: string, windowMs: number): Promise<void> {
    this.check();
    return this.claims.settle(key, answer, windowMs);
  }

  async unclaim(key: string): Promise<void> {
    this.check();
    return this.claims.unclaim(key);
  }

  async forget(keys: readonly string[]): Promise<void> {
    this.check();
    return this.claims.forget(keys);
  }

  async lease(name: string, options?: { readonly signal?: AbortSignal }): Promise<Lease | undefined> {
    this.check();
    return this.leases.lease(name, options?.signal);
  }

  async request(leaseName: string, message: Json): Promise<Json | undefined> {
    this.check();
    return this.requests.request(leaseName, message);
  }

  onRequest(leaseName: string, answer: (message: Json) => Promise<Json>): Release {
    return this.requests.onRequest(leaseName, answer);
  }

  async join(topic: string, member: PresenceMember): Promise<void> {
    this.check();
    return this.presence.join(topic, member);
  }

  async leave(topic: string, memberId: string): Promise<void> {
    this.check();
    return this.presence.leave(topic, memberId);
  }

  async members(topic: string): Promise<readonly PresenceMember[]> {
    this.check();
    return this.presence.members(topic);
  }

  async dispose(): Promise<void> {
    if (this.isDisposed) return;
    this.isDisposed = true;
    this.nodes.stop();
    this.publisher.dispose();
    this.requests.dispose();
    this.listeners.dispose();
    const left = this.link.up.length > 0 ? this.giveBack() : undefined;
    this.claims.dispose();
    if (left === undefined) this.ignoreFailure(this.leases.dispose());
    await left;
    await this.link.dispose();
  }

  /** Gives back what this node holds, so that the other nodes need not wait for its time to live. */
  private async giveBack(): Promise<void> {
    const calls = [this.claims.leave(), this.leases.dispose(), this.presence.dispose(), this.nodes.leave()];
    const said = Promise.all(calls).catch(() => undefined);
    let cancel = (): void => undefined;
    const late = new Promise<void>((resolve) => {
      const timer = this.context.environment.setTimer(resolve, FAREWELL_MS);
      cancel = () => timer.cancel();
    });
    await Promise.race([said, late]);
    cancel();
  }

  private check(): void {
    if (this.isDisposed) throw disposedError();
  }

  private onLost(partitions: readonly number[]): void {
    this.channels.onLost(partitions);
    this.publisher.onLost(partitions);
    this.listeners.interrupt(partitions);
  }

  /** Listens again, and tells the listeners where their topics stand, before anything is published. */
  private async restore(connection: RedisConnection, partitions: readonly number[]): Promise<void> {
    await this.channels.resubscribe(connection, partitions);
    if (partitions.includes(this.keys.nodes.partition)) await this.nodes.restore();
    await this.sweep(partitions);
    await this.restorePresence(partitions);
  }

  private restorePresence(partitions: readonly number[]): Promise<void> {
    return this.presence.restore((topic) => partitions.includes(this.keys.topic(topic).partition));
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
    const names = this.listeners.namesIn(new Set(partitions));
    await this.reader.check(names, (standings) => this.listeners.resume(standings));
  }

  /** Work that the next connection or the next sign of life repeats. */
  private ignoreFailure(work: Promise<unknown>): void {
    work.catch(() => undefined);
  }
}
