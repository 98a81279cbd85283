import { createRealtimeClient, type RealtimeClient } from '@statewire/client';
import { io, type Socket } from 'socket.io-client';
import { WebSocket } from 'ws';

import { now } from '../clock.js';
import { board, clock, ticks } from './rolling-contract.js';

const SNAPSHOT = '{"type":"snapshot","topic":"board"';

/** Ports of the nodes that take new connections, in turn, as a load balancer does. */
export class Balancer {
  private turn = 0;

  constructor(readonly ports: number[]) {}

  next(): number {
    this.turn += 1;
    return this.ports[this.turn % this.ports.length]!;
  }
}

/** What one client saw. */
class Observer {
  repeated = 0;
  lost = 0;
  reconnects = 0;
  /** New connections that got a whole value, or whose session the server did not recover. */
  restarted = 0;
  /** Times at which a topic with a source had no value. */
  withoutValue = 0;
  /** The longest time between two numbers. */
  longestGapMs = 0;
  last = 0;
  private lastAt = 0;

  number(n: number): void {
    if (this.last !== 0) {
      if (n <= this.last) this.repeated += 1;
      else this.lost += n - this.last - 1;
      this.longestGapMs = Math.max(this.longestGapMs, now() - this.lastAt);
    }
    this.last = Math.max(n, this.last);
    this.lastAt = now();
  }
}

export interface RollingClient {
  readonly observer: Observer;
  close(): void;
}

export function statewireClient(balancer: Balancer): RollingClient {
  const observer = new Observer();
  let isFirst = true;
  const client: RealtimeClient = createRealtimeClient({
    origin: 'http://127.0.0.1',
    polling: { enabled: false },
    environment: {
      openWebSocket: (_url, protocol) => {
        const socket = new WebSocket(`ws://127.0.0.1:${balancer.next()}/ws`, protocol, { perMessageDeflate: false });
        socket.on('open', () => {
          if (isFirst) isFirst = false;
          else observer.reconnects += 1;
        });
        socket.on('message', (data: Buffer) => {
          if (observer.reconnects > 0 && data.toString().startsWith(SNAPSHOT)) observer.restarted += 1;
        });
        return socket;
      },
    },
  });
  client.events(ticks.with()).subscribe(({ n }) => observer.number(n));
  client.state(board.with()).subscribe();
  let hasValue = false;
  client.topic(clock.with()).subscribe(({ value }) => {
    if (value === undefined && hasValue) observer.withoutValue += 1;
    hasValue ||= value !== undefined;
  });
  client.connect();
  return { observer, close: () => client.close() };
}

export function socketIoClient(balancer: Balancer): RollingClient {
  const observer = new Observer();
  const socket: Socket = io(`http://127.0.0.1:${balancer.next()}`, { transports: ['websocket'], forceNew: true });
  const manager = socket.io as unknown as { uri: string };
  socket.io.on('reconnect_attempt', () => {
    manager.uri = `http://127.0.0.1:${balancer.next()}`;
  });
  socket.on('connect', () => {
    if (observer.last === 0) return;
    observer.reconnects += 1;
    if (!socket.recovered) observer.restarted += 1;
  });
  socket.on('ticks', ({ n }: { n: number }) => observer.number(n));
  return { observer, close: () => socket.close() };
}
