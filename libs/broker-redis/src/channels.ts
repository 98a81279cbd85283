import { ConnectionLostError } from '@statewire/nest/broker';

import type { RedisConnection } from './connection.js';

type Handler = (message: string) => void;

interface Channel {
  readonly partition: number;
  readonly handlers: Set<Handler>;
  /** Resolves when the server has confirmed the subscription on the current connection. */
  confirmed: Promise<void>;
}

/** Channels per command after a reconnection. */
const BATCH = 512;

/** The subscriptions of this node. They outlive a connection. */
export class Channels {
  private readonly channels = new Map<string, Channel>();
  /** The connection to the server of each partition, while it can be used. */
  private readonly connections: (RedisConnection | undefined)[] = [];

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
  async add(partition: number, name: string, handler: Handler): Promise<void> {
    let channel = this.channels.get(name);
    if (channel === undefined) {
      channel = { partition, handlers: new Set(), confirmed: this.subscribe(partition, [name]) };
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
    const { partition } = channel;
    const connection = this.connections[partition];
    // An unsubscription before the confirmation would confuse the client.
    channel.confirmed
      .then(async () => {
        if (this.channels.has(name) || this.connections[partition] !== connection) return;
        await connection?.unsubscribe(name, partition);
      })
      .catch(() => undefined);
  }

  /** Subscribes to all channels of partitions on a connection. */
  async resubscribe(connection: RedisConnection, partitions: readonly number[]): Promise<void> {
    const names = new Map<number, string[]>(partitions.map((partition) => [partition, []]));
    for (const [name, { partition }] of this.channels) names.get(partition)?.push(name);
    const batches: Promise<void>[] = [];
    for (const [partition, all] of names) {
      this.connections[partition] = connection;
      for (let from = 0; from < all.length; from += BATCH) {
        const batch = all.slice(from, from + BATCH);
        const confirmed = this.subscribe(partition, batch);
        for (const name of batch) this.channels.get(name)!.confirmed = confirmed;
        batches.push(confirmed);
      }
    }
    await Promise.all(batches);
  }

  /** The server of the partitions is out of reach. */
  onLost(partitions: readonly number[]): void {
    for (const partition of partitions) this.connections[partition] = undefined;
  }

  private subscribe(partition: number, names: readonly string[]): Promise<void> {
    const connection = this.connections[partition];
    const confirmed =
      connection?.subscribe(names, partition) ?? Promise.reject(new ConnectionLostError('not connected'));
    // Each user handles the rejection; there may be none.
    confirmed.catch(() => undefined);
    return confirmed;
  }
}
