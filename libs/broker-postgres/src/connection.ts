import type { Environment, Timer } from '@statewire/nest';
import { ConnectionLostError, messageOf } from '@statewire/nest/broker';

import { isReply, toCommandError } from './errors.js';
import type { OpenWire, Row, Statement, Wire, WireEvents } from './wire.js';

/** Time between two looks at a connection. */
const TICK_MS = 250;
/** Silence after which a connection is probed. */
const PROBE_AFTER_MS = 1_000;
/** Silence after which a connection counts as lost. */
const LOST_AFTER_MS = 3_000;

/** The environment of a connection. */
export type ConnectionEnvironment = Pick<Environment, 'monotonic' | 'setTimer'>;

/**
 * A connection until its end. A server that freezes, shuts down, or says nothing for 3 s ends it. A later connection is
 * another object.
 */
export class PostgresConnection {
  private wire: Wire | undefined;
  private timer: Timer | undefined;
  private loss: Error | undefined;
  private silentMs = 0;
  private received = 0;
  private waiting = 0;
  private tickedAt: number;

  private constructor(
    private readonly environment: ConnectionEnvironment,
    private readonly onMessage: (channel: string, message: string) => void,
    private readonly onLost: (connection: PostgresConnection, error: Error) => void,
  ) {
    this.tickedAt = environment.monotonic();
  }

  /** Rejects if there is no connection within `timeoutMs`. */
  static async open(
    openWire: OpenWire,
    environment: ConnectionEnvironment,
    timeoutMs: number,
    events: {
      onMessage: WireEvents['onMessage'];
      onLost: (connection: PostgresConnection, error: Error) => void;
    },
  ): Promise<PostgresConnection> {
    const connection = new PostgresConnection(environment, events.onMessage, events.onLost);
    const abort = new AbortController();
    const timer = environment.setTimer(() => {
      connection.loss ??= new Error(`no connection within ${Math.round(timeoutMs)} ms`);
      abort.abort();
    }, timeoutMs);
    try {
      connection.wire = await openWire(
        {
          onMessage: (channel, message) => connection.hear(channel, message),
          onEnd: (error) => connection.lose(error),
        },
        abort.signal,
      );
    } catch (error) {
      // The error of the server says more than the end of the connection that follows it.
      throw abort.signal.aborted ? connection.loss : error;
    } finally {
      timer.cancel();
    }
    if (connection.loss !== undefined) {
      connection.wire.destroy();
      throw connection.loss;
    }
    connection.watch();
    return connection;
  }

  get isLost(): boolean {
    return this.loss !== undefined;
  }

  /** Runs a statement. Rejects with `ConnectionLostError`, `ConflictError` or a `BrokerError`. */
  async query(statement: Statement): Promise<readonly Row[]> {
    if (this.loss !== undefined || this.wire === undefined) throw this.lost();
    this.waiting += 1;
    try {
      const rows = await this.wire.query(statement);
      this.silentMs = 0;
      return rows;
    } catch (error) {
      if (!isReply(error)) this.lose(error instanceof Error ? error : new Error(messageOf(error)));
      if (this.loss !== undefined) throw this.lost();
      this.silentMs = 0;
      throw toCommandError(error);
    } finally {
      this.waiting -= 1;
    }
  }

  /** Ends the connection. Statements under way reject. */
  lose(error: Error): void {
    if (this.loss !== undefined) return;
    this.loss = error;
    this.timer?.cancel();
    if (this.wire === undefined) return;
    this.wire.destroy();
    this.onLost(this, error);
  }

  private lost(): ConnectionLostError {
    const reason = this.loss === undefined ? 'there is no connection' : messageOf(this.loss);
    return new ConnectionLostError(reason, { cause: this.loss });
  }

  private hear(channel: string, message: string): void {
    this.silentMs = 0;
    if (this.loss === undefined) this.onMessage(channel, message);
  }

  private watch(): void {
    if (this.loss !== undefined) return;
    this.timer = this.environment.setTimer(() => this.tick(), TICK_MS);
  }

  private tick(): void {
    const now = this.environment.monotonic();
    const { received } = this.wire!;
    // A process that was stopped itself has not read what the server sent, so a late tick counts as a normal one.
    this.silentMs = received === this.received ? this.silentMs + Math.min(now - this.tickedAt, 2 * TICK_MS) : 0;
    this.received = received;
    this.tickedAt = now;
    if (this.silentMs >= LOST_AFTER_MS && this.waiting > 0) {
      return this.lose(new Error(`PostgreSQL said nothing for ${LOST_AFTER_MS} ms`));
    }
    if (this.silentMs >= PROBE_AFTER_MS && this.waiting === 0) this.query({ text: 'select 1' }).catch(() => undefined);
    this.watch();
  }
}
