import type { BrokerContext, BrokerStatus, Timer } from '@statewire/nest';
import { ConnectionLostError, disposedError, messageOf } from '@statewire/nest/broker';
import { BehaviorSubject, type Observable } from 'rxjs';

import { PostgresConnection } from './connection.js';
import { ConflictError, isFinal, toBrokerError } from './errors.js';
import type { ResolvedPostgresBrokerOptions } from './options.js';
import { startError } from './start-error.js';
import type { OpenWire, Row } from './wire.js';

const SHORTEST_BACKOFF_MS = 50;
const LONGEST_BACKOFF_MS = 2_000;
const CONNECT_TIMEOUT_MS = 5_000;
/** How often a statement is repeated that the server undoes because of other transactions. */
const MOST_CONFLICTS = 10;

/** The parts of the broker that follow the state of the link. */
export interface LinkEvents {
  onMessage(channel: string, message: string): void;
  /** The connection was lost, perhaps while it was restored. */
  onLost(): void;
  /** Prepares a new connection. Rejects if its server cannot be used. */
  prepare(connection: PostgresConnection): Promise<void>;
  /** A new connection can be used, but the broker is not `up` until the promise resolves. */
  restore(): Promise<void>;
  /** The broker is `up`. */
  onUp(): void;
}

/** Keeps a connection to the server: opens it, and replaces it when it is lost. */
export class PostgresLink {
  private readonly changes: BehaviorSubject<BrokerStatus>;
  private current: PostgresConnection | undefined;
  private retry: Timer | undefined;
  private failures = 0;
  private isUp = false;
  /** The parts of the broker use a new connection before it is up. Their calls are not repeated. */
  private isRestoring = false;
  /** By the monotonic clock. */
  private awayAt = 0;
  private readonly waiting = new Set<(isBack: boolean) => void>();
  private isDisposed = false;

  constructor(
    private readonly openWire: OpenWire,
    private readonly context: BrokerContext,
    private readonly options: ResolvedPostgresBrokerOptions,
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
        throw startError(error, attempts, this.options);
      }
    }
  }

  /**
   * Calls a function of the schema. If the connection ends before the reply, the call is repeated on the next one, so a function
   * gives the same result twice. Rejects with a `BrokerError`; `unavailable` if the server has been away for `publishTimeoutMs`.
   */
  async run(name: string, ...values: readonly unknown[]): Promise<readonly Row[]> {
    for (let conflicts = 0; ;) {
      try {
        return await this.attempt(name, ...values);
      } catch (error) {
        if (error instanceof ConflictError && conflicts < MOST_CONFLICTS) {
          conflicts += 1;
        } else if (!(error instanceof ConnectionLostError) || this.isRestoring || !(await this.isBack())) {
          throw toBrokerError(error);
        }
      }
    }
  }

  /** Calls a function once. Rejects also with `ConnectionLostError` and `ConflictError`. */
  async attempt(name: string, ...values: readonly unknown[]): Promise<readonly Row[]> {
    if (this.isDisposed) throw disposedError();
    if (this.current === undefined) throw new ConnectionLostError('the connection was lost');
    const parameters = values.map((_, index) => `$${index + 1}`).join(', ');
    const text = `select * from ${this.options.schema}.${name}(${parameters})`;
    return this.current.query({ name: `statewire_${name}`, text, values });
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
    const connection = await PostgresConnection.open(this.openWire, this.context.environment, timeoutMs, {
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
      await this.events.prepare(connection);
      await this.events.restore();
      if (connection.isLost) throw new ConnectionLostError('the connection was lost');
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

  private onLost(connection: PostgresConnection, error: Error): void {
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
    this.context.log.error('postgres-away', error);
    this.changes.next({ state: 'away', since: this.context.environment.now() });
    this.events.onLost();
    this.reconnectLater();
  }

  private reconnectLater(): void {
    if (this.isDisposed) return;
    this.retry = this.context.environment.setTimer(() => {
      this.connect(CONNECT_TIMEOUT_MS).catch((error: unknown) => {
        if (this.isDisposed) return;
        this.context.log.error('postgres-connect-failed', error);
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
}
