import type {
  Broker,
  BrokerContext,
  BrokerFactory,
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
import type { Json, Position, TopicKind } from '@statewire/protocol';
import type { Observable } from 'rxjs';

import { Channels } from './channels.js';
import { Claims } from './claims.js';
import type { RedisConnection } from './connection.js';
import { disposedError } from './errors.js';
import { Epochs } from './epochs.js';
import { Keys, TAGS } from './keys.js';
import { Leases } from './leases.js';
import { Lineages } from './lineage.js';
import { RedisLink } from './link.js';
import { Nodes } from './nodes.js';
import { resolveRedisBrokerOptions, type RedisBrokerOptions, type ResolvedRedisBrokerOptions } from './options.js';
import { Presence } from './presence.js';
import { Publisher } from './publisher.js';
import { Requests } from './requests.js';
import { claimScripts } from './scripts/claim-scripts.js';
import { leaseScripts, nodeScripts, presenceScripts } from './scripts/node-scripts.js';
import type { Script } from './scripts/script.js';
import { topicScripts } from './scripts/topic-scripts.js';
import { TopicListeners } from './topic-listeners.js';
import { TopicReader } from './topic-reader.js';
import { redisWire, type OpenWire } from './wire.js';

/** Longest time between two looks at the positions of all topics with listeners. */
const LONGEST_SWEEP_MS = 30_000;
/** Characters of the ids of a node. */
const NODE_ID_LENGTH = 12;
/** Time for the farewell of a node that shuts down. */
const FAREWELL_MS = 2_000;

/**
 * Creates the broker for several processes that share a Redis server of version 7 or newer. The start fails
 * with one error that says what was tried, if the server cannot be reached or used.
 *
 * @example RealtimeModule.forRoot({ broker: redisBroker({ url: 'redis://localhost:6379' }) })
 */
export function redisBroker(options: RedisBrokerOptions): BrokerFactory {
  return (context) => {
    const resolved = resolveRedisBrokerOptions(options);
    return startRedisBroker(context, resolved, redisWire(resolved));
  };
}

/** Starts a broker on connections of one's own. */
export async function startRedisBroker(
  context: BrokerContext,
  options: ResolvedRedisBrokerOptions,
  openWire: OpenWire,
): Promise<RedisBroker> {
  const broker = new RedisBroker(context, options, openWire);
  await broker.start();
  return broker;
}

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
  private sweptAt = 0;
  private isDisposed = false;

  constructor(
    private readonly context: BrokerContext,
    options: ResolvedRedisBrokerOptions,
    openWire: OpenWire,
  ) {
    const { environment, history, log } = context;
    const node = environment.id().slice(0, NODE_ID_LENGTH);
    const keys = new Keys(options.prefix);
    const topics = topicScripts(history);
    const scripts = [topics, claimScripts, leaseScripts, nodeScripts, presenceScripts].flatMap(
      (group) => Object.values(group) as Script[],
    );
    const lineages = new Lineages(keys, TAGS.length, scripts, options.lineage, environment);
    const epochs = new Epochs(node);
    this.link = new RedisLink(openWire, lineages, (partition) => keys.lineage(partition), context, options, {
      onMessage: (channel, message) => this.channels.receive(channel, message),
      onLost: () => this.onLost(),
      restore: (connection) => this.restore(connection),
      onUp: () => this.onUp(),
      onLineageChange: () => this.onLineageChange(),
    });
    const { maxPending, publishTimeoutMs: timeoutMs } = options;
    this.publisher = new Publisher(this.link, keys, topics, epochs, context, { ...maxPending, timeoutMs });
    this.reader = new TopicReader(this.link, keys, topics, epochs);
    this.listeners = new TopicListeners(
      this.channels,
      keys,
      (id) => this.publisher.find(id),
      (topic, error) => log.error('topic-listener-failed', error, { topic }),
    );
    this.nodes = new Nodes(node, this.link, keys, environment, options.nodeTtlMs, {
      onBeat: () => this.onBeat(),
      onReturn: () => this.ignoreFailure(this.presence.restore()),
    });
    this.claims = new Claims(this.nodes, this.link, keys, this.channels, environment, context.actionWindowMs);
    this.leases = new Leases(node, this.link, keys, this.channels, environment, options.leaseTtlMs);
    this.presence = new Presence(this.nodes, this.link, keys, environment);
    const { requestTimeoutMs } = options;
    this.requests = new Requests(node, this.link, keys, this.channels, this.leases, environment, requestTimeoutMs);
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
    const left = this.link.up ? this.giveBack() : undefined;
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

  private onLost(): void {
    this.publisher.onLost();
    this.listeners.interrupt();
  }

  /** Listens again, and tells the listeners where their topics stand, before anything is published. */
  private async restore(connection: RedisConnection): Promise<void> {
    await this.channels.resubscribe(connection);
    await this.nodes.restore();
    await this.sweep();
    await this.presence.restore();
  }

  private onUp(): void {
    this.publisher.onUp();
    this.claims.onUp();
    this.leases.wake();
  }

  private onLineageChange(): void {
    this.nodes.mistrust();
    this.ignoreFailure(this.sweep());
    this.ignoreFailure(this.presence.restore());
    this.leases.wake();
  }

  private onBeat(): void {
    this.ignoreFailure(this.presence.renew());
    this.ignoreFailure(this.claims.renew());
    const { environment, history } = this.context;
    const interval = history.ageMs === 0 ? LONGEST_SWEEP_MS : Math.min(LONGEST_SWEEP_MS, history.ageMs / 3);
    if (environment.monotonic() - this.sweptAt >= interval) this.ignoreFailure(this.sweep());
  }

  /** Renews the topics with listeners, and tells listeners that have missed something. */
  private async sweep(): Promise<void> {
    this.sweptAt = this.context.environment.monotonic();
    const { names } = this.listeners;
    if (names.length > 0) this.listeners.resume(await this.reader.check(names));
  }

  /** Work that the next connection or the next sign of life repeats. */
  private ignoreFailure(work: Promise<unknown>): void {
    work.catch(() => undefined);
  }
}
