import type { BrokerContext } from '@statewire/nest';
import { disposedError, messageOf } from '@statewire/nest/broker';

import { nameOf, type ServerAddress } from './cluster.js';
import { RedisConnection, type ConnectionEvents } from './connection.js';
import { checkServer } from './server-check.js';
import type { OpenWire } from './wire.js';

/** The open connections of this node, one to each server. */
export class Servers {
  private readonly connections = new Map<string, RedisConnection>();
  private warned = false;
  private isDisposed = false;

  constructor(
    private readonly openWire: OpenWire,
    private readonly context: BrokerContext,
    private readonly events: ConnectionEvents,
  ) {}

  /** Returns the connection to a server, and opens it if there is none. Rejects if the server cannot be used. */
  async connect(address: ServerAddress | undefined, timeoutMs: number): Promise<RedisConnection> {
    const name = address === undefined ? '' : nameOf(address);
    const open = this.connections.get(name);
    if (open !== undefined) return open;
    const { environment, log } = this.context;
    const events: ConnectionEvents = {
      ...this.events,
      onLost: (lost, error) => {
        if (this.connections.get(name) === lost) this.connections.delete(name);
        this.events.onLost(lost, error);
      },
    };
    const connection = await RedisConnection.open(this.openWire, environment, timeoutMs, events, address);
    try {
      if (this.isDisposed) throw disposedError();
      const warning = await checkServer(connection, address !== undefined);
      if (this.isDisposed) throw disposedError();
      if (warning !== undefined && !this.warned) log.error('redis-eviction', new Error(warning));
      this.warned ||= warning !== undefined;
    } catch (error) {
      connection.lose(error instanceof Error ? error : new Error(messageOf(error)));
      throw error;
    }
    this.connections.set(name, connection);
    return connection;
  }

  /** Ends the connections that are not used. */
  closeUnused(isUsed: (connection: RedisConnection) => boolean): void {
    for (const connection of [...this.connections.values()]) {
      if (!isUsed(connection)) connection.lose(new Error('the server has no partition any more'));
    }
  }

  dispose(): void {
    this.isDisposed = true;
    for (const connection of [...this.connections.values()]) connection.lose(disposedError());
  }
}
