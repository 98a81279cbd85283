import type { BrokerContext, BrokerStatus, Timer } from '@statewire/nest';
import { ConnectionLostError, disposedError, messageOf } from '@statewire/nest/broker';
import { BehaviorSubject, type Observable } from 'rxjs';

import { ALL_PARTITIONS, type FindServers, type Share } from './cluster.js';
import type { RedisConnection } from './connection.js';
import { StaleLineageError, toBrokerError } from './errors.js';
import type { Keys } from './keys.js';
import type { Lineages } from './lineage.js';
import type { ResolvedRedisBrokerOptions } from './options.js';
import { Routes } from './routes.js';
import type { Script } from './scripts/script.js';
import { Servers } from './servers.js';
import { isFinal, startError } from './start-error.js';
import type { OpenWire } from './wire.js';

const SHORTEST_BACKOFF_MS = 50;
const LONGEST_BACKOFF_MS = 2_000;
const CONNECT_TIMEOUT_MS = 5_000;

/** A call of a script. All keys lie in the partition; the lineage is passed by the link. */
export interface ScriptCall {
  readonly script: Script;
  readonly partition: number;
  readonly keys: readonly string[];
  readonly args: readonly string[];
}

/** The parts of the broker that follow the state of the link. A single server has all partitions. */
export interface LinkEvents {
  onMessage(channel: string, message: string): void;
  /** The server of the partitions is out of reach, perhaps while they were restored. */
  onLost(partitions: readonly number[]): void;
  /** Calls can be made for the partitions, but they are not up until the promise resolves. */
  restore(connection: RedisConnection, partitions: readonly number[]): Promise<void>;
  /** The partitions are up. */
  onUp(partitions: readonly number[]): void;
  /** The lineage of the partitions changed while they are up. */
  onLineageChange(partitions: readonly number[]): void;
}

/**
 * Keeps a connection to each server: opens it, has the lineages of its partitions adopted, replaces it when it is lost. In
 * a cluster a partition may come to another server, while the other partitions stay up.
 */
export class RedisLink {
  private readonly changes: BehaviorSubject<BrokerStatus>;
  private readonly routes: Routes;
  private readonly servers: Servers;
  private readonly adoptions = new Map<RedisConnection, Promise<void>>();
  private retry: Timer | undefined;
  /** Attempts since the link was up for a while. */
  private failures = 0;
  private upAt = -Infinity;
  private isStarted = false;
  private isReconnecting = false;
  private isDisposed = false;

  constructor(
    openWire: OpenWire,
    private readonly findServers: FindServers,
    private readonly lineages: Lineages,
    private readonly keys: Keys,
    private readonly context: BrokerContext,
    private readonly options: ResolvedRedisBrokerOptions,
    private readonly events: LinkEvents,
  ) {
    this.changes = new BehaviorSubject<BrokerStatus>({ state: 'away', since: context.environment.now() });
    this.routes = new Routes(context.environment);
    this.servers = new Servers(openWire, context, {
      onMessage: (channel, message) => events.onMessage(channel, message),
      onUnsubscribed: (connection, channel) => {
        const error = new Error(`the server ended the subscription ${channel}`);
        this.drop(connection, [keys.partitionOf(channel)], error);
      },
      onMoved: (connection, partition, error) => this.drop(connection, [partition], error),
      onLost: (connection, error) => this.drop(connection, this.routes.on(connection), error),
      probed: (connection) => {
        if (options.cluster === undefined) return undefined;
        const [partition] = this.routes.on(connection);
        return partition === undefined ? undefined : { partition, key: keys.lineage(partition) };
      },
    });
  }

  /** `up` while all partitions are. */
  get status(): Observable<BrokerStatus> {
    return this.changes.asObservable();
  }

  /** Whether calls can be made for a partition now. */
  isUp(partition: number): boolean {
    return this.routes.isUp(partition);
  }

  /** The partitions for which calls can be made now. */
  get up(): readonly number[] {
    return this.routes.up;
  }

  /** Rejects if there is no usable server within `startTimeoutMs`. */
  async start(): Promise<void> {
    const { environment } = this.context;
    const deadline = environment.monotonic() + this.options.startTimeoutMs;
    let attempts = 0;
    for (;;) {
      attempts += 1;
      const left = deadline - environment.monotonic();
      try {
        await this.connect(Math.min(CONNECT_TIMEOUT_MS, Math.max(1, left)));
        this.isStarted = true;
        return;
      } catch (error) {
        const backoff = this.backoff();
        if (this.isDisposed) throw error;
        if (!isFinal(error) && environment.monotonic() + backoff < deadline) {
          await new Promise<void>((resolve) => environment.setTimer(resolve, backoff));
          continue;
        }
        await this.dispose();
        throw startError(error, attempts, this.options);
      }
    }
  }

  /**
   * Calls a script. If the connection ends before the reply, the call is repeated on the next one, so a script gives the
   * same result twice. Rejects with a `BrokerError`; `unavailable` if the server has been away for `publishTimeoutMs`.
   */
  async run(call: ScriptCall): Promise<unknown> {
    const { partition } = call;
    let isAdopted = false;
    for (;;) {
      // The parts of the broker use a partition before it is up. Those calls are not repeated.
      const isRestoring = this.routes.isRestoring(partition);
      try {
        return await this.attempt(call);
      } catch (error) {
        if (error instanceof StaleLineageError && !isAdopted) {
          isAdopted = true;
          await this.adopt(partition).catch(() => undefined);
        } else if (!(error instanceof ConnectionLostError) || isRestoring || !(await this.isBack(partition))) {
          throw toBrokerError(error);
        }
      }
    }
  }

  /** Calls a script once. Rejects also with `StaleLineageError` and `ConnectionLostError`. */
  async attempt({ script, partition, keys, args }: ScriptCall): Promise<unknown> {
    const all = [this.keys.lineage(partition), ...keys];
    const { sha } = script;
    return this.send(partition, ['EVALSHA', sha, String(all.length), ...all, this.lineages.of(partition), ...args]);
  }

  /** Sends a command that is not a script, for keys or channels of a partition. */
  async send(partition: number, args: readonly string[]): Promise<unknown> {
    if (this.isDisposed) throw disposedError();
    const connection = this.routes.connectionOf(partition);
    if (connection === undefined) throw new ConnectionLostError('the connection was lost');
    return connection.send(args, partition);
  }

  /** Has the server of a partition adopted again, after a `StaleLineageError`. */
  async adopt(partition: number): Promise<void> {
    const connection = this.routes.connectionOf(partition);
    if (connection === undefined) throw new ConnectionLostError('the connection was lost');
    const adoption = this.adoptions.get(connection) ?? this.adoptOn(connection);
    this.adoptions.set(connection, adoption);
    return adoption.finally(() => this.adoptions.delete(connection));
  }

  async dispose(): Promise<void> {
    if (this.isDisposed) return;
    this.isDisposed = true;
    this.retry?.cancel();
    this.servers.dispose();
    this.routes.wake(ALL_PARTITIONS, false);
    this.changes.complete();
  }

  /** Resolves when all partitions are up. One server that cannot be used does not delay the others. */
  private async connect(timeoutMs: number): Promise<void> {
    const { shares, uncovered } = await this.locate(timeoutMs);
    const uncoveredError = new Error(`no server has ${uncovered} of the slots of the cluster`);
    if (uncovered > 0 && !this.isStarted) throw uncoveredError;
    const results = await Promise.allSettled(shares.map((share) => this.take(share, timeoutMs)));
    for (const result of results) if (result.status === 'rejected') throw result.reason as Error;
    if (!this.routes.areAllUp) throw uncovered > 0 ? uncoveredError : new Error('the servers have changed');
    this.servers.closeUnused((connection) => this.routes.on(connection).length > 0);
  }

  private async locate(timeoutMs: number): ReturnType<FindServers> {
    const abort = new AbortController();
    const timer = this.context.environment.setTimer(() => abort.abort(), timeoutMs);
    try {
      return await this.findServers(abort.signal);
    } finally {
      timer.cancel();
    }
  }

  /** Brings the partitions of a server up. */
  private async take({ address, partitions }: Share, timeoutMs: number): Promise<void> {
    const wanted = partitions.filter((partition) => !this.isUp(partition));
    if (wanted.length === 0) return;
    const connection = await this.servers.connect(address, timeoutMs);
    try {
      await this.lineages.adopt(connection, wanted);
      if (connection.isLost) throw new ConnectionLostError('the connection was lost');
      this.routes.restore(wanted, connection);
      await this.events.restore(connection, wanted);
      if (wanted.some((partition) => this.routes.connectionOf(partition) !== connection)) {
        throw new ConnectionLostError('the connection was lost');
      }
    } catch (error) {
      const isInUse = this.routes.on(connection).some((partition) => this.isUp(partition));
      if (!isInUse) connection.lose(error instanceof Error ? error : new Error(messageOf(error)));
      this.drop(connection, wanted, error as Error);
      throw error;
    }
    this.routes.raise(wanted);
    if (this.routes.areAllUp) {
      this.upAt = this.context.environment.monotonic();
      // While slots move, the partitions of a cluster come and go, so their attempts count until all are up for a while.
      if (this.options.cluster === undefined) this.failures = 0;
      this.changes.next({ state: 'up' });
    }
    this.events.onUp(wanted);
    this.routes.wake(wanted, true);
  }

  private async adoptOn(connection: RedisConnection): Promise<void> {
    const partitions = this.routes.on(connection);
    try {
      const changed = await this.lineages.adopt(connection, partitions);
      const up = changed.filter((partition) => this.isUp(partition));
      if (up.length > 0) this.events.onLineageChange(up);
    } catch (error) {
      // A partition that has moved away meanwhile says nothing about the others.
      if (!connection.isLost && this.routes.on(connection).length < partitions.length) return this.adoptOn(connection);
      connection.lose(error instanceof Error ? error : new Error(messageOf(error)));
      throw error;
    }
  }

  private async isBack(partition: number): Promise<boolean> {
    return !this.isDisposed && (await this.routes.isBack(partition, this.options.publishTimeoutMs));
  }

  /** Takes partitions away from a connection, which may have ended. */
  private drop(connection: RedisConnection, partitions: readonly number[], error: Error): void {
    const { dropped, wasUp } = this.routes.drop(partitions, connection);
    if (this.isDisposed || dropped.length === 0) return;
    if (wasUp) {
      this.context.log.error('redis-away', error);
      if (this.changes.value.state === 'up') {
        if (this.context.environment.monotonic() - this.upAt > LONGEST_BACKOFF_MS) this.failures = 0;
        this.changes.next({ state: 'away', since: this.context.environment.now() });
      }
    }
    // The parts of the broker may count on a partition that is being restored already.
    this.events.onLost(dropped);
    if (wasUp) this.reconnectLater();
  }

  private reconnectLater(): void {
    if (this.isDisposed || this.isReconnecting) return;
    this.isReconnecting = true;
    this.retry = this.context.environment.setTimer(() => {
      this.connect(CONNECT_TIMEOUT_MS)
        .catch((error: unknown) => {
          if (!this.isDisposed) this.context.log.error('redis-connect-failed', error);
        })
        .finally(() => {
          this.isReconnecting = false;
          if (!this.routes.areAllUp) this.reconnectLater();
        });
    }, this.backoff());
  }

  /** Full jitter, so that the nodes do not return at the same time. */
  private backoff(): number {
    const longest = Math.min(LONGEST_BACKOFF_MS, SHORTEST_BACKOFF_MS * 2 ** this.failures);
    this.failures += 1;
    return longest * this.context.environment.random();
  }
}
