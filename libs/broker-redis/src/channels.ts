import type { RedisConnection } from './connection.js';
import { ConnectionLostError } from './errors.js';

type Handler = (message: string) => void;

interface Channel {
  readonly handlers: Set<Handler>;
  /** Resolves when the server has confirmed the subscription on the current connection. */
  confirmed: Promise<void>;
}

/** Channels per command after a reconnection. */
const BATCH = 512;

/** The subscriptions of this node. They outlive a connection. */
export class Channels {
  private readonly channels = new Map<string, Channel>();
  private connection: RedisConnection | undefined;

  get size(): number {
    return this.channels.size;
  }

  /** Passes a message of the server to the handlers of its channel. */
  receive(name: string, message: string): void {
    const channel = this.channels.get(name);
    for (const handler of [...(channel?.handlers ?? [])]) {
      if (channel!.handlers.has(handler)) handler(message);
    }
  }

  /**
   * Adds a handler at once. Resolves when each later message is certain to reach it. If the connection ends before, the
   * promise rejects, but the handler stays until it is removed.
   */
  async add(name: string, handler: Handler): Promise<void> {
    let channel = this.channels.get(name);
    if (channel === undefined) {
      channel = { handlers: new Set(), confirmed: this.subscribe([name]) };
      this.channels.set(name, channel);
    }
    channel.handlers.add(handler);
    return channel.confirmed;
  }

  /** Removes a handler at once. The last one ends the subscription. */
  remove(name: string, handler: Handler): void {
    const channel = this.channels.get(name);
    if (channel === undefined || !channel.handlers.delete(handler) || channel.handlers.size > 0) return;
    this.channels.delete(name);
    const { connection } = this;
    // An unsubscription before the confirmation would confuse the client.
    channel.confirmed
      .then(async () => {
        if (!this.channels.has(name) && this.connection === connection) await connection?.unsubscribe(name);
      })
      .catch(() => undefined);
  }

  /** Subscribes to all channels on a new connection. */
  async resubscribe(connection: RedisConnection): Promise<void> {
    this.connection = connection;
    const names = [...this.channels.keys()];
    const batches: Promise<void>[] = [];
    for (let from = 0; from < names.length; from += BATCH) {
      const batch = names.slice(from, from + BATCH);
      const confirmed = this.subscribe(batch);
      for (const name of batch) this.channels.get(name)!.confirmed = confirmed;
      batches.push(confirmed);
    }
    await Promise.all(batches);
  }

  private subscribe(names: readonly string[]): Promise<void> {
    const confirmed = this.connection?.subscribe(names) ?? Promise.reject(new ConnectionLostError('not connected'));
    // Each user handles the rejection; there may be none.
    confirmed.catch(() => undefined);
    return confirmed;
  }
}
