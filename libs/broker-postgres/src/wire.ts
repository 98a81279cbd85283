import { Socket } from 'node:net';

import { Client, type ClientConfig } from 'pg';

import type { ResolvedPostgresBrokerOptions } from './options.js';

/** A row of a result. Numbers are numbers, also those of 64 bits. */
export type Row = Readonly<Record<string, unknown>>;

/** A statement with its parameters. One with a name is parsed once per connection. */
export interface Statement {
  readonly text: string;
  readonly values?: readonly unknown[];
  readonly name?: string;
}

/** One connection to a server, for statements and notifications. It carries both in the order of the server. */
export interface Wire {
  /** Resolves with the rows. Rejects with the error of the server, and when the connection ends. */
  query(statement: Statement): Promise<readonly Row[]>;
  /** Number of bytes that have arrived. */
  readonly received: number;
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

const INT8 = 20;

/** Opens connections with the package `pg`, each with a client of its own that sends statements without waiting. */
export function postgresWire(options: ResolvedPostgresBrokerOptions): OpenWire {
  return async (events, signal) => {
    const socket = new Socket();
    const config: ClientConfig = {
      application_name: 'statewire',
      ...options.connection,
      ...(options.connectionString === undefined ? {} : { connectionString: options.connectionString }),
      stream: () => socket,
      pipeline: true,
    };
    const client = new Client(config);
    client.setTypeParser(INT8, Number);
    client.on('error', (error) => events.onEnd(error));
    client.on('end', () => events.onEnd(new Error('the server ended the connection')));
    client.on('notification', ({ channel, payload = '' }) => events.onMessage(channel, payload));
    const destroy = (): void => void socket.destroy();
    signal.addEventListener('abort', destroy);
    try {
      await client.connect();
    } catch (error) {
      socket.destroy();
      throw error;
    } finally {
      signal.removeEventListener('abort', destroy);
    }
    return {
      query: async ({ name, text, values }) => {
        const result = await client.query<Row>({
          text,
          ...(values === undefined ? {} : { values: [...values] }),
          ...(name === undefined ? {} : { name }),
        });
        return result.rows;
      },
      get received() {
        return socket.bytesRead;
      },
      destroy,
    };
  };
}
