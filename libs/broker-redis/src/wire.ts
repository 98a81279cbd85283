import { createClient } from 'redis';

import type { ServerAddress } from './cluster.js';
import type { ResolvedRedisBrokerOptions } from './options.js';
import { findMaster } from './sentinel.js';

/** One connection to a server, for commands and subscriptions. It carries replies and messages in the order of the server. */
export interface Wire {
  /** Resolves with the reply. Rejects with the error reply, and when the connection ends. */
  send(args: readonly string[]): Promise<unknown>;
  /** Resolves when the server has confirmed all channels, which lie in one partition. */
  subscribe(channels: readonly string[]): Promise<void>;
  unsubscribe(channel: string): Promise<void>;
  /** Ends the connection at once. */
  destroy(): void;
}

/** Callbacks of a wire. */
export interface WireEvents {
  onMessage(channel: string, message: string): void;
  /** The server ended a subscription by itself, because the partition lies on another server now. */
  onUnsubscribed(channel: string): void;
  /** The connection ended by itself. */
  onEnd(error: Error): void;
}

/** Opens a wire. Rejects if the server cannot be reached; `signal` ends an attempt. `server` is one of a cluster. */
export type OpenWire = (events: WireEvents, signal: AbortSignal, server?: ServerAddress) => Promise<Wire>;

/**
 * Opens connections with the package `redis`. Its client reconnects by itself, queues commands while it is away, and may
 * not notice a frozen server, so each client lives for one connection and all of that is switched off.
 */
export function redisWire(options: ResolvedRedisBrokerOptions): OpenWire {
  const { url, sentinel } = options;
  return async (events, signal, server) => {
    const address = server ?? (sentinel === undefined ? undefined : await findMaster(sentinel, signal));
    const client = createClient({
      ...options.client,
      ...(url === undefined || address !== undefined ? {} : { url }),
      socket: { ...options.client.socket, ...address, reconnectStrategy: false } as never,
      RESP: 3,
      disableOfflineQueue: true,
      maintNotifications: 'disabled',
    });
    const destroy = (): void => client.destroy();
    client.on('error', (error: Error) => events.onEnd(error));
    signal.addEventListener('abort', destroy);
    try {
      await client.connect();
    } finally {
      signal.removeEventListener('abort', destroy);
    }
    const subscriptions = new Subscriptions((args) => client.sendCommand(args), events);
    subscriptions.attach(client._getQueue().decoder as unknown as Decoder);
    return {
      send: (args) => client.sendCommand(args),
      subscribe: (channels) => subscriptions.subscribe(channels),
      unsubscribe: (channel) => subscriptions.unsubscribe(channel),
      destroy,
    };
  };
}

/** The part of the client that splits the received bytes into replies and pushed messages. */
interface Decoder {
  onReply: (reply: unknown) => void;
  onPush: (push: readonly (string | Buffer | number)[]) => void;
}

/**
 * The sharded subscriptions of a connection. The client takes a `sunsubscribe` that the server sends by itself for the
 * reply to whatever command waits, and mixes up all replies behind it. So these are read here.
 */
class Subscriptions {
  /** Channels that each SSUBSCRIBE under way still waits for. */
  private readonly confirmations: number[] = [];
  /** Calls of SUNSUBSCRIBE under way, by channel. */
  private readonly ending = new Map<string, number>();

  constructor(
    private readonly send: (args: readonly string[]) => Promise<unknown>,
    private readonly events: Pick<WireEvents, 'onMessage' | 'onUnsubscribed'>,
  ) {}

  attach(decoder: Decoder): void {
    const { onPush } = decoder;
    decoder.onPush = (push) => {
      const [type, channel = '', last] = push;
      switch (String(type)) {
        case 'smessage':
          return this.events.onMessage(String(channel), String(last));
        case 'ssubscribe':
          if ((this.confirmations[0]! -= 1) > 0) return;
          this.confirmations.shift();
          return decoder.onReply('OK');
        case 'sunsubscribe':
          return this.onUnsubscribed(String(channel), decoder);
        default:
          return onPush(push);
      }
    };
  }

  async subscribe(channels: readonly string[]): Promise<void> {
    const confirmation = channels.length;
    this.confirmations.push(confirmation);
    try {
      await this.send(['SSUBSCRIBE', ...channels]);
    } catch (error) {
      // A server that refuses the command confirms none of its channels.
      this.confirmations.splice(this.confirmations.indexOf(confirmation), 1);
      throw error;
    }
  }

  async unsubscribe(channel: string): Promise<void> {
    this.ending.set(channel, (this.ending.get(channel) ?? 0) + 1);
    try {
      await this.send(['SUNSUBSCRIBE', channel, channel + END]);
    } finally {
      const left = this.ending.get(channel)! - 1;
      if (left === 0) this.ending.delete(channel);
      else this.ending.set(channel, left);
    }
  }

  private onUnsubscribed(channel: string, decoder: Decoder): void {
    if (channel.endsWith(END)) decoder.onReply('OK');
    else if (!this.ending.has(channel)) this.events.onUnsubscribed(channel);
  }
}

/** End of the name of a channel that nobody uses. The server confirms it last, so it tells the reply from its own messages. */
const END = '\n';
