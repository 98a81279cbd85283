import { WebSocket } from 'ws';

import { now } from './clock.js';

/** Frames that a raw client of a server sends, so that no parsing of a library is measured. */
export interface Dialect {
  readonly path: string;
  readonly protocol?: string;
  /** Sent after the socket opened. */
  readonly greeting: readonly string[];
  /** Returns whether a message confirms the subscription. */
  isReady(text: string): boolean;
  /** The answer to a heartbeat. */
  answer(text: string): string | undefined;
}

export const DIALECTS: Readonly<Record<string, Dialect>> = {
  statewire: {
    path: '/ws',
    protocol: 'statewire.v1.json',
    greeting: [
      JSON.stringify({ type: 'hello', clientId: 'bench-client-0123456789', deltas: ['move', 'append'] }),
      JSON.stringify({ type: 'subscribe', topics: [{ topic: 'battle' }, { topic: 'events' }] }),
    ],
    isReady: (text) => text.includes('"subscribed"') && text.includes('"events"'),
    answer: (text) => (text.startsWith('{"type":"ping"') ? '{"type":"pong"}' : undefined),
  },
};

const SENT_AT = /sentAt":([\d.]+)/;

export class BenchClient {
  bytes = 0;
  messages = 0;
  /** Milliseconds from publishing to arrival. */
  readonly latencies: number[] = [];

  private constructor(
    private readonly socket: WebSocket,
    dialect: Dialect,
  ) {
    socket.on('message', (data: Buffer) => {
      const text = data.toString();
      const answer = dialect.answer(text);
      if (answer !== undefined) return socket.send(answer);
      this.bytes += data.length;
      const sentAt = Number(SENT_AT.exec(text)?.[1]);
      if (sentAt > 0) {
        this.messages += 1;
        this.latencies.push(now() - sentAt);
      }
    });
  }

  static connect(dialect: Dialect, port: number): Promise<BenchClient> {
    const socket = new WebSocket(`ws://127.0.0.1:${port}${dialect.path}`, dialect.protocol ?? [], {
      perMessageDeflate: false,
    });
    const client = new BenchClient(socket, dialect);
    return new Promise((resolve, reject) => {
      socket.once('error', reject);
      socket.once('open', () => {
        for (const text of dialect.greeting) socket.send(text);
        if (dialect.greeting.length === 0) resolve(client);
      });
      socket.on('message', (data: Buffer) => {
        if (dialect.isReady(data.toString())) resolve(client);
      });
    });
  }

  reset(): void {
    this.bytes = 0;
    this.messages = 0;
    this.latencies.length = 0;
  }

  /** Sends one frame unless the connection is closed. */
  send(text: string): void {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(text);
  }

  close(): void {
    this.socket.terminate();
  }
}

/** Connects `count` clients, fifty at a time. */
export async function connectAll(dialect: Dialect, port: number, count: number): Promise<BenchClient[]> {
  const clients: BenchClient[] = [];
  while (clients.length < count) {
    const batch = Math.min(50, count - clients.length);
    clients.push(...(await Promise.all(Array.from({ length: batch }, () => BenchClient.connect(dialect, port)))));
  }
  return clients;
}

/** Waits until every client has `expected` messages, or for two seconds without any progress. */
export async function settled(clients: readonly BenchClient[], expected: number): Promise<void> {
  let last = -1;
  for (let quiet = 0; quiet < 20; quiet += 1) {
    const got = clients.reduce((sum, client) => sum + client.messages, 0);
    if (got >= expected * clients.length) return;
    if (got !== last) quiet = 0;
    last = got;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
