import { createClient } from 'redis';

import type { ResolvedRedisBrokerOptions } from './options.js';
import { findMaster } from './sentinel.js';

/** One connection to a server, for commands and subscriptions. It carries replies and messages in the order of the server. */
export interface Wire {
  /** Resolves with the reply. Rejects with the error reply, and when the connection ends. */
  send(args: readonly string[]): Promise<unknown>;
  /** Resolves when the server has confirmed all channels. */
  subscribe(channels: readonly string[]): Promise<void>;
  unsubscribe(channel: string): Promise<void>;
  /** Ends the connection at once. */
  destroy(): void;
}

/** Callbacks of a wire. */
export interface WireEvents {
  onMessage(channel: string, message: string): void;
  /** The connection ended by itself. */
  onEnd(error: Error): void;
}

/** Opens a wire. Rejects if the server cannot be reached; `signal` ends an attempt. */
export type OpenWire = (events: WireEvents, signal: AbortSignal) => Promise<Wire>;

/**
 * Opens connections with the package `redis`. Its client reconnects by itself, queues commands while it is away, and may
 * not notice a frozen server, so each client lives for one connection and all of that is switched off.
 */
export function redisWire(options: ResolvedRedisBrokerOptions): OpenWire {
  const { url, sentinel } = options;
  return async (events, signal) => {
    const master = sentinel === undefined ? undefined : await findMaster(sentinel, signal);
    const client = createClient({
      ...options.client,
      ...(url === undefined || master !== undefined ? {} : { url }),
      socket: { ...options.client.socket, ...master, reconnectStrategy: false } as never,
      RESP: 3,
      disableOfflineQueue: true,
      maintNotifications: 'disabled',
    });
    const listener = (message: string, channel: string): void => events.onMessage(channel, message);
    const destroy = (): void => client.destroy();
    client.on('error', (error: Error) => events.onEnd(error));
    signal.addEventListener('abort', destroy);
    try {
      await client.connect();
    } finally {
      signal.removeEventListener('abort', destroy);
    }
    return {
      send: (args) => client.sendCommand(args),
      subscribe: async (channels) => void (await client.subscribe([...channels], listener)),
      unsubscribe: async (channel) => void (await client.unsubscribe(channel, listener)),
      destroy,
    };
  };
}
