import {
  topicLease,
  type Broker,
  type BrokerContext,
  type BrokerFactory,
  type BrokerStatus,
  type Claim,
  type ClaimOptions,
  type Lease,
  type NewPublication,
  type PresenceMember,
  type PublishOptions,
  type ReadOptions,
  type Release,
  type TopicHistory,
  type TopicMessage,
  type TransactionClient,
} from '@statewire/nest';
import { Claims, disposedError, fencedError, Leases, Nodes, Presence, Requests } from '@statewire/nest/broker';
import type { Json, Position, TopicKind } from '@statewire/protocol';
import type { Observable } from 'rxjs';

import { Channels } from './channels.js';
import { PostgresClaimStore } from './claim-store.js';
import type { PostgresConnection } from './connection.js';
import { PostgresLeaseStore } from './lease-store.js';
import { PostgresLink } from './link.js';
import { checkVersion, migrate } from './migrate.js';
import { nodeChannel, wakeChannel } from './names.js';
import { PostgresNodeMail } from './node-mail.js';
import { PostgresNodeStore } from './node-store.js';
import {
  resolvePostgresBrokerOptions,
  type PostgresBrokerOptions,
  type ResolvedPostgresBrokerOptions,
} from './options.js';
import { Poll } from './poll.js';
import { checkNotifications } from './pooler-check.js';
import { PostgresPresenceStore } from './presence-store.js';
import { Publisher } from './publisher.js';
import { checkServer } from './server-check.js';
import { TopicListeners } from './topic-listeners.js';
import { TopicReader } from './topic-reader.js';
import { Wakes } from './wakes.js';
import { postgresWire, type OpenWire } from './wire.js';

/** Characters of the ids of a node. */
const NODE_ID_LENGTH = 12;
/** Time after which the server ends a statement. Nodes give up earlier, and the server does not go on in vain. */
const STATEMENT_TIMEOUT_MS = 10_000;
/**
 * The settings of a connection, which the role may have otherwise. The functions of the schema look again behind each lock.
 * Parameters of the connection would do the same, but poolers reject them.
 */
const SET_UP = `select set_config('statement_timeout', '${STATEMENT_TIMEOUT_MS}', false), set_config('lock_timeout', '0', false),
  set_config('idle_session_timeout', '0', false), set_config('default_transaction_isolation', 'read committed', false)`;
/** Time for the farewell of a node that shuts down. */
const FAREWELL_MS = 2_000;
/** Message of the channel of a node: a transaction has committed publications. */
const OUTBOX = 'outbox';

/**
 * Creates the broker for several processes that share a PostgreSQL database of version 15 or newer. The start fails
 * with one error that says what was tried, if the server cannot be reached or used.
 *
 * @example RealtimeModule.forRoot({ broker: postgresBroker({ connectionString: 'postgres://localhost:5432/app' }) })
 */
export function postgresBroker(options: PostgresBrokerOptions): BrokerFactory {
  return (context) => {
    const resolved = resolvePostgresBrokerOptions(options);
    return startPostgresBroker(context, resolved, postgresWire(resolved));
  };
}

/** Starts a broker on connections of one's own. */
export async function startPostgresBroker(
  context: BrokerContext,
  options: ResolvedPostgresBrokerOptions,
  openWire: OpenWire,
): Promise<PostgresBroker> {
  const broker = new PostgresBroker(context, options, openWire);
  await broker.start();
  return broker;
}

/** Keeps topics, claims, leases and presence in PostgreSQL, for all nodes that use the same database and schema. */
export class PostgresBroker implements Broker {
  readonly name = 'postgres';
  readonly isShared = true;
  private readonly node: string;
  private readonly link: PostgresLink;
  private readonly channels = new Channels();
  private readonly wakes = new Wakes();
  private readonly publisher: Publisher;
  private readonly reader: TopicReader;
  private readonly listeners: TopicListeners;
  private readonly poll: Poll;
  private readonly claimStore: PostgresClaimStore;
  private readonly claims: Claims;
  private readonly leases: Leases;
  private readonly mail: PostgresNodeMail;
  private readonly requests: Requests;
  private readonly presence: Presence;
  private readonly nodes: Nodes;
  private hasStarted = false;
  private isDisposed = false;

  constructor(
    private readonly context: BrokerContext,
    private readonly options: ResolvedPostgresBrokerOptions,
    private readonly openWire: OpenWire,
  ) {
    const { environment, history, log } = context;
    const { schema } = options;
    this.node = environment.id().slice(0, NODE_ID_LENGTH);
    this.link = new PostgresLink(openWire, context, options, {
      onMessage: (channel, message) => this.channels.receive(channel, message),
      onLost: () => this.onLost(),
      prepare: (connection) => this.prepare(connection),
      restore: () => this.restore(),
      onUp: () => this.onUp(),
    });
    this.reader = new TopicReader(this.link, history);
    this.listeners = new TopicListeners(
      this.channels,
      schema,
      this.reader,
      (id) => this.publisher.find(id),
      (topic, error) => log.error('topic-listener-failed', error, { topic }),
    );
    const { maxPending, publishTimeoutMs: timeoutMs } = options;
    this.publisher = new Publisher(this.node, this.link, this.listeners, context, { ...maxPending, timeoutMs });
    this.poll = new Poll(this.link, this.reader, this.listeners, environment, options.pollIntervalMs);
    this.nodes = new Nodes(this.node, new PostgresNodeStore(this.link), environment, options.nodeTtlMs, {
      onBeat: () => this.onBeat(),
      onReturn: () => this.ignoreFailure(this.presence.restore(() => true)),
    });
    this.claimStore = new PostgresClaimStore(this.node, this.link, this.wakes);
    this.claims = new Claims(this.nodes, this.claimStore, environment, context.actionWindowMs);
    const leases = new PostgresLeaseStore(this.node, this.link, this.wakes, history);
    this.leases = new Leases(leases, environment, options.leaseTtlMs);
    const presence = new PostgresPresenceStore(this.node, this.link);
    this.presence = new Presence(this.nodes, presence, environment);
    this.mail = new PostgresNodeMail(this.link, environment);
    this.requests = new Requests(this.node, this.mail, this.leases, environment, options.requestTimeoutMs);
  }

  /** Numbers of held resources, for tests. All are 0 when nothing uses the broker. */
  get sizes(): Readonly<Record<'pending' | 'listened' | 'claims' | 'leases' | 'presence', number>> {
    return {
      pending: this.publisher.pending,
      listened: this.listeners.positions.length,
      claims: this.claims.size,
      leases: this.leases.size,
      presence: this.presence.size,
    };
  }

  get status(): Observable<BrokerStatus> {
    return this.link.status;
  }

  /** Rejects if the server cannot be reached or used. */
  async start(): Promise<void> {
    // The channels are listened on with each connection.
    const { schema } = this.options;
    this.channels.add(wakeChannel(schema), (message) => this.wakes.receive(message)).catch(() => undefined);
    this.channels.add(nodeChannel(schema, this.node), (message) => this.receive(message)).catch(() => undefined);
    await this.link.start();
    this.hasStarted = true;
  }

  async publish(topic: string, publication: NewPublication, options?: PublishOptions): Promise<Position> {
    this.check();
    return this.publisher.publish(topic, publication, options);
  }

  async publishAtCommit(topic: string, publication: NewPublication, transaction: TransactionClient): Promise<void> {
    this.check();
    const holder = await this.leases.holder(topicLease(topic));
    if (holder !== undefined) throw fencedError(topic);
    const { data, id, kind } = publication;
    const statement = `select ${this.options.schema}.publish_at_commit($1, $2, $3, $4, $5)`;
    await transaction.query(statement, [this.node, topic, kind, id, data]);
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
    this.poll.stop();
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

  private receive(message: string): void {
    this.ignoreFailure(message === OUTBOX ? this.reader.drain() : this.openMail(message));
  }

  private async openMail(notification: string): Promise<void> {
    const text = await this.mail.open(notification);
    if (text !== undefined) this.requests.receive(text);
  }

  private onLost(): void {
    this.poll.stop();
    this.publisher.onLost();
    this.listeners.interrupt();
  }

  /** Checks the server. The first connection also creates the schema, and checks that notifications arrive. */
  private async prepare(connection: PostgresConnection): Promise<void> {
    const { environment } = this.context;
    const { schema } = this.options;
    await checkServer(connection);
    await connection.query({ text: SET_UP });
    const client = {
      query: async (text: string, values?: unknown[]) => ({
        rows: await connection.query({ text, ...(values === undefined ? {} : { values }) }),
      }),
    };
    if (this.options.migrate && !this.hasStarted) await migrate(client, { schema });
    else await checkVersion(client, schema);
    await this.channels.resubscribe(connection);
    if (this.hasStarted) return;
    const message = `test ${environment.id()}`;
    const channel = wakeChannel(schema);
    let wake = (): void => undefined;
    const arrived = new Promise<void>((resolve) => (wake = resolve));
    this.wakes.add(message, wake);
    try {
      await checkNotifications(this.openWire, environment, channel, message, arrived);
    } finally {
      this.wakes.remove(message, wake);
    }
  }

  /** Listens again, and tells the listeners where their topics stand, before anything is published. */
  private async restore(): Promise<void> {
    const [row] = await this.link.run('adopt');
    this.claimStore.restore(Number(row?.adopt));
    await this.nodes.restore();
    await this.poll.sweep();
    await this.presence.restore(() => true);
  }

  private onUp(): void {
    this.poll.start();
    this.publisher.onUp();
    this.claims.onUp(() => true);
    this.leases.wake();
  }

  private onBeat(): void {
    if (!this.link.up) return;
    this.ignoreFailure(this.presence.renew());
    this.ignoreFailure(this.claims.renew());
  }

  /** Work that the next connection or the next sign of life repeats. */
  private ignoreFailure(work: Promise<unknown>): void {
    work.catch(() => undefined);
  }
}
