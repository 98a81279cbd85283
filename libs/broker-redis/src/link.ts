import type { BrokerContext, BrokerStatus, Timer } from '@statewire/nest';
import { BehaviorSubject, type Observable } from 'rxjs';

import { RedisConnection } from './connection.js';
import { ConnectionLostError, disposedError, messageOf, StaleLineageError, toBrokerError } from './errors.js';
import type { Lineages } from './lineage.js';
import type { ResolvedRedisBrokerOptions } from './options.js';
import type { Script } from './scripts/script.js';
import { checkServer, ServerRefusedError } from './server-check.js';
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

/** The parts of the broker that follow the state of the link. */
export interface LinkEvents {
  onMessage(channel: string, message: string): void;
  /** The connection was lost, perhaps while it was restored. */
  onLost(): void;
  /** A new connection can be used, but the broker is not `up` until the promise resolves. */
  restore(connection: RedisConnection): Promise<void>;
  /** The broker is `up`. */
  onUp(): void;
  /** The lineage of the partitions changed while the connection lives. */
  onLineageChange(partitions: readonly number[]): void;
}

/** Keeps a connection to the server: opens it, has its lineage adopted, replaces it when it is lost. */
export class RedisLink {
  private readonly changes: BehaviorSubject<BrokerStatus>;
  private current: RedisConnection | undefined;
  private adoption: Promise<void> | undefined;
  private retry: Timer | undefined;
  private failures = 0;
  private isUp = false;
  /** The parts of the broker use a new connection before it is up. Their calls are not repeated. */
  private isRestoring = false;
  /** By the monotonic clock. */
  private awayAt = 0;
  private readonly waiting = new Set<(isBack: boolean) => void>();
  private isDisposed = false;
  private warned = false;

  constructor(
    private readonly openWire: OpenWire,
    private readonly lineages: Lineages,
    private readonly keyOfLineage: (partition: number) => string,
    private readonly context: BrokerContext,
    private readonly options: ResolvedRedisBrokerOptions,
    private readonly events: LinkEvents,
  ) {
    this.changes = new BehaviorSubject<BrokerStatus>({ state: 'away', since: context.environment.now() });
  }

  get status(): Observable<BrokerStatus> {
    return this.changes.asObservable();
  }

  /** Whether calls can be made now. */
  get up(): boolean {
    return this.isUp;
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
        return await this.connect(Math.min(CONNECT_TIMEOUT_MS, Math.max(1, left)));
      } catch (error) {
        const backoff = this.backoff();
        if (this.isDisposed) throw error;
        if (!isFinal(error) && environment.monotonic() + backoff < deadline) {
          await new Promise<void>((resolve) => environment.setTimer(resolve, backoff));
          continue;
        }
        await this.dispose();
        throw this.startError(error, attempts);
      }
    }
  }

  /**
   * Calls a script. If the connection ends before the reply, the call is repeated on the next one, so a script gives the
   * same result twice. Rejects with a `BrokerError`; `unavailable` if the server has been away for `publishTimeoutMs`.
   */
  async run(call: ScriptCall): Promise<unknown> {
    let isAdopted = false;
    for (;;) {
      try {
        return await this.attempt(call);
      } catch (error) {
        if (error instanceof StaleLineageError && !isAdopted) {
          isAdopted = true;
          await this.adopt().catch(() => undefined);
        } else if (!(error instanceof ConnectionLostError) || this.isRestoring || !(await this.isBack())) {
          throw toBrokerError(error);
        }
      }
    }
  }

  /** Calls a script once. Rejects also with `StaleLineageError` and `ConnectionLostError`. */
  async attempt({ script, partition, keys, args }: ScriptCall): Promise<unknown> {
    const all = [this.keyOfLineage(partition), ...keys];
    return this.send(['EVALSHA', script.sha, String(all.length), ...all, this.lineages.of(partition), ...args]);
  }

  /** Sends a command that is not a script. */
  async send(args: readonly string[]): Promise<unknown> {
    if (this.isDisposed) throw disposedError();
    if (this.current === undefined) throw new ConnectionLostError('the connection was lost');
    return this.current.send(args);
  }

  /** Has the server adopted again, after a `StaleLineageError`. */
  async adopt(): Promise<void> {
    const { current } = this;
    if (current === undefined) throw new ConnectionLostError('the connection was lost');
    this.adoption ??= this.lineages
      .adopt(current)
      .then((changed) => {
        if (changed.length > 0 && this.isUp) this.events.onLineageChange(changed);
      })
      .catch((error: unknown) => {
        current.lose(error instanceof Error ? error : new Error(messageOf(error)));
        throw error;
      })
      .finally(() => (this.adoption = undefined));
    return this.adoption;
  }

  async dispose(): Promise<void> {
    if (this.isDisposed) return;
    this.isDisposed = true;
    this.isUp = false;
    this.retry?.cancel();
    this.current?.lose(disposedError());
    this.current = undefined;
    this.wake(false);
    this.changes.complete();
  }

  private async connect(timeoutMs: number): Promise<void> {
    const connection = await RedisConnection.open(this.openWire, this.context.environment, timeoutMs, {
      onMessage: (channel, message) => this.events.onMessage(channel, message),
      onLost: (lost, error) => this.onLost(lost, error),
    });
    if (this.isDisposed) {
      connection.lose(disposedError());
      throw disposedError();
    }
    this.current = connection;
    this.isRestoring = true;
    try {
      const warning = await checkServer(connection);
      await this.lineages.adopt(connection);
      await this.events.restore(connection);
      if (connection.isLost) throw new ConnectionLostError('the connection was lost');
      if (warning !== undefined && !this.warned) this.context.log.error('redis-eviction', new Error(warning));
      this.warned ||= warning !== undefined;
    } catch (error) {
      connection.lose(error instanceof Error ? error : new Error(messageOf(error)));
      throw error;
    } finally {
      this.isRestoring = false;
    }
    this.isUp = true;
    this.failures = 0;
    this.changes.next({ state: 'up' });
    this.events.onUp();
    this.wake(true);
  }

  /** Resolves with true when the server can be used, and with false when it has been away for too long. */
  private async isBack(): Promise<boolean> {
    if (this.isUp) return true;
    const left = this.awayAt + this.options.publishTimeoutMs - this.context.environment.monotonic();
    if (this.isDisposed || left <= 0) return false;
    return new Promise((resolve) => {
      const settle = (isBack: boolean): void => {
        this.waiting.delete(settle);
        timer.cancel();
        resolve(isBack);
      };
      const timer = this.context.environment.setTimer(() => settle(false), left);
      this.waiting.add(settle);
    });
  }

  private wake(isBack: boolean): void {
    for (const settle of [...this.waiting]) settle(isBack);
  }

  private onLost(connection: RedisConnection, error: Error): void {
    if (this.current !== connection) return;
    this.current = undefined;
    if (!this.isUp) {
      // The parts of the broker may count on the connection already.
      if (this.isRestoring && !this.isDisposed) this.events.onLost();
      return;
    }
    this.isUp = false;
    this.awayAt = this.context.environment.monotonic();
    if (this.isDisposed) return;
    this.context.log.error('redis-away', error);
    this.changes.next({ state: 'away', since: this.context.environment.now() });
    this.events.onLost();
    this.reconnectLater();
  }

  private reconnectLater(): void {
    if (this.isDisposed) return;
    this.retry = this.context.environment.setTimer(() => {
      this.connect(CONNECT_TIMEOUT_MS).catch((error: unknown) => {
        if (this.isDisposed) return;
        this.context.log.error('redis-connect-failed', error);
        this.reconnectLater();
      });
    }, this.backoff());
  }

  /** Full jitter, so that the nodes do not return at the same time. */
  private backoff(): number {
    const longest = Math.min(LONGEST_BACKOFF_MS, SHORTEST_BACKOFF_MS * 2 ** this.failures);
    this.failures += 1;
    return longest * this.context.environment.random();
  }

  private startError(error: unknown, attempts: number): Error {
    const { startTimeoutMs } = this.options;
    const tried = `${addressOf(this.options)}, ${attempts} ${attempts === 1 ? 'attempt' : 'attempts'}`;
    const within = isFinal(error) ? '' : ` within ${startTimeoutMs} ms`;
    return new Error(
      `The Redis broker could not start${within} (${tried}): ${messageOf(error)}. ` +
        'Check that the server runs, that the address is right, and that the user may use it.',
      { cause: error },
    );
  }
}

/** Errors that another attempt would meet again. */
function isFinal(error: unknown): boolean {
  return error instanceof ServerRefusedError || /\b(WRONGPASS|NOAUTH|NOPERM)\b/.test(messageOf(error));
}

/** The address without credentials. */
function addressOf({ url, sentinel, client: { socket } }: ResolvedRedisBrokerOptions): string {
  if (sentinel !== undefined) {
    const nodes = sentinel.nodes.map(({ host, port }) => `${host}:${port}`);
    return `the master "${sentinel.name}" of the sentinels ${nodes.join(', ')}`;
  }
  if (url === undefined) {
    const { host = 'localhost', port = 6379, path } = (socket ?? {}) as { host?: string; port?: number; path?: string };
    return path ?? `${host}:${port}`;
  }
  if (!URL.canParse(url)) return 'an address that is no URL';
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname}`;
}
