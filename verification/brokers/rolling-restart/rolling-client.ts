import { createRealtimeClient } from '@statewire/client';
import { WebSocket } from 'ws';

import { board, clock, ticks } from './rolling-topics.js';

const SNAPSHOT = '{"type":"snapshot","topic":"board"';

/** A client that connects to the next node in turn, as behind a load balancer, and notes what it sees. */
export class RollingClient {
  private static turn = 0;

  /** The numbers, in the order of their arrival. */
  readonly numbers: number[] = [];
  board = 0;
  reconnects = 0;
  /** New connections that got the whole value of the board. */
  snapshots = 0;
  /** Times at which a topic had no value, or an older one than before. */
  readonly faults: string[] = [];
  private readonly client;

  /** @param origins those of the nodes that take connections. The list may change. */
  constructor(origins: readonly string[]) {
    let isFirst = true;
    this.client = createRealtimeClient({
      origin: 'http://127.0.0.1',
      polling: { enabled: false },
      environment: {
        openWebSocket: (_, protocol) => {
          RollingClient.turn += 1;
          const origin = origins[RollingClient.turn % origins.length]!;
          const socket = new WebSocket(`${origin.replace('http', 'ws')}/ws`, protocol);
          socket.on('open', () => {
            if (isFirst) isFirst = false;
            else this.reconnects += 1;
          });
          socket.on('message', (data: Buffer) => {
            if (this.reconnects > 0 && data.toString().startsWith(SNAPSHOT)) this.snapshots += 1;
          });
          return socket;
        },
      },
    });
    this.client.events(ticks.with()).subscribe(({ n }) => this.numbers.push(n));
    this.client.state(board.with()).subscribe(({ n }) => {
      if (n < this.board) this.faults.push(`the board went back from ${this.board} to ${n}`);
      this.board = n;
    });
    let hasClock = false;
    this.client.topic(clock.with()).subscribe(({ value }) => {
      if (value === undefined && hasClock) this.faults.push('the clock had no value');
      hasClock ||= value !== undefined;
    });
  }

  close(): void {
    this.client.close();
  }
}
