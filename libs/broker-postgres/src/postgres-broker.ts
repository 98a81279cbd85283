import {
  topicLease,
  type BrokerContext,
  type BrokerFactory,
  type NewPublication,
  type TransactionClient,
} from '@statewire/nest';
import {
  Claims,
  fencedError,
  Leases,
  NetworkBroker,
  Nodes,
  Presence,
  Requests,
  TopicListeners,
} from '@statewire/nest/broker';

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
import { PostgresTopicChannels } from './topic-channels.js';
import { TopicReader } from './topic-reader.js';
import { Wakes } from './wakes.js';
import { postgresWire, type OpenWire } from './wire.js';

/** Time after which the server ends a statement. Nodes give up earlier, and the server does not go on in vain. */
const STATEMENT_TIMEOUT_MS = 10_000;
/**
 * The settings of a connection, which the role may have otherwise. The functions of the schema look again behind each lock.
 * Parameters of the connection would do the same, but poolers reject them.
 */
const SET_UP = `select set_config('statement_timeout', '${STATEMENT_TIMEOUT_MS}', false), set_config('lock_timeout', '0', false),
  set_config('idle_session_timeout', '0', false), set_config('default_transaction_isolation', 'read committed', false)`;
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
export class PostgresBroker extends NetworkBroker {
  readonly name = 'postgres';
  protected readonly link: PostgresLink;
  private readonly channels = new Channels();
  private readonly wakes = new Wakes();
  protected readonly publisher: Publisher;
  protected readonly reader: TopicReader;
  private readonly topicChannels: PostgresTopicChannels;
  protected readonly listeners: TopicListeners;
  private readonly poll: Poll;
  private readonly claimStore: PostgresClaimStore;
  protected readonly claims: Claims;
  protected readonly leases: Leases;
  private readonly mail: PostgresNodeMail;
  protected readonly requests: Requests;
  protected readonly presence: Presence;
  protected readonly nodes: Nodes;
  private hasStarted = false;

  constructor(
    context: BrokerContext,
    private readonly options: ResolvedPostgresBrokerOptions,
    private readonly openWire: OpenWire,
  ) {
    super(context);
    const { counters, environment, history, log } = context;
    const { schema } = options;
    this.link = new PostgresLink(openWire, context, options, {
      onMessage: (channel, message) => this.channels.receive(channel, message),
      onLost: () => this.onLost(),
      prepare: (connection) => this.prepare(connection),
      restore: () => this.restore(),
      onUp: () => this.onUp(),
    });
    this.reader = new TopicReader(this.link, context);
    this.topicChannels = new PostgresTopicChannels(this.channels, schema, this.reader);
    this.listeners = new TopicListeners(
      this.topicChannels,
      (id) => this.publisher.find(id),
      (topic, error) => log.error('topic-listener-failed', error, { topic }),
      counters,
    );
    const { maxPending, publishTimeoutMs: timeoutMs } = options;
    this.publisher = new Publisher(this.node, this.link, this.topicChannels, context, { ...maxPending, timeoutMs });
    this.poll = new Poll(
      this.link,
      this.reader,
      this.topicChannels,
      this.listeners,
      environment,
      options.pollIntervalMs,
    );
    this.nodes = new Nodes(this.node, new PostgresNodeStore(this.link), environment, options.nodeTtlMs, {
      onBeat: () => this.onBeat(),
      onReturn: () => this.ignoreFailure(this.presence.restore(() => true)),
    });
    this.claimStore = new PostgresClaimStore(this.node, this.link, this.wakes);
    this.claims = new Claims(this.nodes, this.claimStore, environment, context.actionWindowMs);
    const leases = new PostgresLeaseStore(this.node, this.link, this.wakes, history);
    this.leases = new Leases(leases, environment, options.leaseTtlMs, counters);
    const presence = new PostgresPresenceStore(this.node, this.link);
    this.presence = new Presence(this.nodes, presence, environment);
    this.mail = new PostgresNodeMail(this.link, environment);
    this.requests = new Requests(this.node, this.mail, this.leases, environment, options.requestTimeoutMs, counters);
  }

  /** Rejects if the server cannot be reached or used. */
  override async start(): Promise<void> {
    // The channels are listened on with each connection.
    const { schema } = this.options;
    this.channels.add(wakeChannel(schema), (message) => this.wakes.receive(message)).catch(() => undefined);
    this.channels.add(nodeChannel(schema, this.node), (message) => this.receive(message)).catch(() => undefined);
    await super.start();
    this.hasStarted = true;
  }

  async publishAtCommit(topic: string, publication: NewPublication, transaction: TransactionClient): Promise<void> {
    this.check();
    const holder = await this.leases.holder(topicLease(topic));
    if (holder !== undefined) throw fencedError(topic);
    const { data, id, kind } = publication;
    const statement = `select ${this.options.schema}.publish_at_commit($1, $2, $3, $4, $5)`;
    await transaction.query(statement, [this.node, topic, kind, id, data]);
  }

  override async dispose(): Promise<void> {
    this.poll.stop();
    await super.dispose();
  }

  protected override get isReachable(): boolean {
    return this.link.up;
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
    this.topicChannels.onLost();
    this.listeners.interrupt(() => true);
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
}
