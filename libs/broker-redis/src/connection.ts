import type { Environment, Timer } from '@statewire/nest';
import { ConnectionLostError, messageOf } from '@statewire/nest/broker';
import { ErrorReply } from 'redis';

import type { ServerAddress } from './cluster.js';
import { isAwayReply, isMovedReply, toCommandError } from './errors.js';
import type { OpenWire, Wire, WireEvents } from './wire.js';

/** Time between two looks at a connection. */
const TICK_MS = 250;
/** Silence after which a connection is probed. */
const PROBE_AFTER_MS = 1_000;
/** Silence after which a connection counts as lost. */
const LOST_AFTER_MS = 3_000;

/** The environment of a connection. */
export type ConnectionEnvironment = Pick<Environment, 'monotonic' | 'setTimer'>;

/** Callbacks of a connection. */
export interface ConnectionEvents extends Pick<WireEvents, 'onMessage'> {
  /** The server ended a subscription by itself. */
  onUnsubscribed(connection: RedisConnection, channel: string): void;
  onLost(connection: RedisConnection, error: Error): void;
  /** The server does not serve the partition now. The connection lives on. */
  onMoved(connection: RedisConnection, partition: number, error: Error): void;
  /** Tells a partition that the server should serve. Undefined: there is none. */
  probed(connection: RedisConnection): { readonly partition: number; readonly key: string } | undefined;
}

/**
 * A connection until its end. A server that freezes, stops to be the master, or says nothing for 3 s ends it. A later
 * connection is another object.
 */
export class RedisConnection {
  private wire: Wire | undefined;
  private timer: Timer | undefined;
  private loss: Error | undefined;
  private silentMs = 0;
  private waiting = 0;
  private tickedAt: number;

  private constructor(
    private readonly environment: ConnectionEnvironment,
    private readonly events: ConnectionEvents,
  ) {
    this.tickedAt = environment.monotonic();
  }

  /** Rejects if there is no connection within `timeoutMs`. */
  static async open(
    openWire: OpenWire,
    environment: ConnectionEnvironment,
    timeoutMs: number,
    events: ConnectionEvents,
    server?: ServerAddress,
  ): Promise<RedisConnection> {
    const connection = new RedisConnection(environment, events);
    const abort = new AbortController();
    const timer = environment.setTimer(() => {
      connection.loss ??= new Error(`no connection within ${Math.round(timeoutMs)} ms`);
      abort.abort();
    }, timeoutMs);
    try {
      connection.wire = await openWire(
        {
          onMessage: (channel, message) => connection.hear(channel, message),
          onUnsubscribed: (channel) => {
            if (connection.loss === undefined) events.onUnsubscribed(connection, channel);
          },
          onEnd: (error) => connection.lose(error),
        },
        abort.signal,
        server,
      );
    } catch (error) {
      throw connection.loss ?? error;
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

  /**
   * Sends a command for keys of a partition. Rejects with `ConnectionLostError`, also if the server does not serve the
   * partition, with `StaleLineageError` or with a `BrokerError`.
   */
  async send(args: readonly string[], partition?: number): Promise<unknown> {
    return this.track((wire) => wire.send(args), partition);
  }

  /** The channels lie in the partition. */
  async subscribe(channels: readonly string[], partition: number): Promise<void> {
    return this.track((wire) => wire.subscribe(channels), partition);
  }

  async unsubscribe(channel: string, partition: number): Promise<void> {
    return this.track((wire) => wire.unsubscribe(channel), partition);
  }

  /** Ends the connection. Commands under way reject. */
  lose(error: Error): void {
    if (this.loss !== undefined) return;
    this.loss = error;
    this.timer?.cancel();
    if (this.wire === undefined) return;
    this.wire.destroy();
    this.events.onLost(this, error);
  }

  private async track<T>(work: (wire: Wire) => Promise<T>, partition: number | undefined): Promise<T> {
    if (this.loss !== undefined || this.wire === undefined) throw this.lost();
    this.waiting += 1;
    try {
      const reply = await work(this.wire);
      this.silentMs = 0;
      return reply;
    } catch (error) {
      // The client rejects a command with an error of its own when the connection ends, before it says so.
      const isReply = error instanceof ErrorReply && !isAwayReply(error);
      if (!isReply) this.lose(error instanceof Error ? error : new Error(messageOf(error)));
      if (this.loss !== undefined) throw this.lost();
      this.silentMs = 0;
      if (partition !== undefined && isMovedReply(error)) {
        this.events.onMoved(this, partition, error as Error);
        throw new ConnectionLostError(messageOf(error), { cause: error });
      }
      throw toCommandError(error);
    } finally {
      this.waiting -= 1;
    }
  }

  private lost(): ConnectionLostError {
    const reason = this.loss === undefined ? 'there is no connection' : messageOf(this.loss);
    return new ConnectionLostError(reason, { cause: this.loss });
  }

  private hear(channel: string, message: string): void {
    this.silentMs = 0;
    if (this.loss === undefined) this.events.onMessage(channel, message);
  }

  private watch(): void {
    if (this.loss !== undefined) return;
    this.timer = this.environment.setTimer(() => this.tick(), TICK_MS);
  }

  private tick(): void {
    const now = this.environment.monotonic();
    // A process that was stopped itself has not read what the server sent, so a late tick counts as a normal one.
    this.silentMs += Math.min(now - this.tickedAt, 2 * TICK_MS);
    this.tickedAt = now;
    if (this.silentMs >= LOST_AFTER_MS && this.waiting > 0) {
      return this.lose(new Error(`Redis said nothing for ${LOST_AFTER_MS} ms`));
    }
    if (this.silentMs >= PROBE_AFTER_MS && this.waiting === 0) this.probe();
    this.watch();
  }

  /** A server of a cluster answers a PING even if it serves no partition, so it is asked for a key. */
  private probe(): void {
    const probed = this.events.probed(this);
    const args = probed === undefined ? ['PING'] : ['GET', probed.key];
    this.send(args, probed?.partition).catch(() => undefined);
  }
}
