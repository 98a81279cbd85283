import { createRealtimeClient } from '@statewire/client';
import { eventTopic, stateTopic } from '@statewire/protocol';
import { firstValueFrom } from 'rxjs';
import { io } from 'socket.io-client';
import { WebSocket } from 'ws';

import type { BattleModel } from '../battle-model.js';
import { now } from '../clock.js';
import type { SmallEvent } from '../server-protocol.js';

const battle = stateTopic<BattleModel>()('battle').with();
const events = eventTopic<SmallEvent>()('events').with();

/** Counts of a client with the library of its arm. */
class Sightings {
  /** Connections after the first one that did not continue where the client was. */
  restarts = 0;
  received = 0;
  /** When the first event arrived, on the clock of the machine. 0: none did. */
  firstAt = 0;
  readonly latencies: number[] = [];

  event({ sentAt }: SmallEvent): void {
    this.received += 1;
    if (this.firstAt === 0) this.firstAt = now();
    this.latencies.push(now() - sentAt);
  }
}

export interface ReconnectingClient {
  readonly seen: Sightings;
  /** Resolves when the client is connected for the first time. */
  readonly ready: Promise<void>;
  close(): void;
}

/** The client of Statewire with its defaults. */
export function statewireClient(port: number): ReconnectingClient {
  const seen = new Sightings();
  let becomeReady!: () => void;
  const ready = new Promise<void>((resolve) => (becomeReady = resolve));
  let isFirst = true;
  const client = createRealtimeClient({
    origin: `http://127.0.0.1:${port}`,
    environment: {
      openWebSocket: (_url, protocol) => {
        const socket = new WebSocket(`ws://127.0.0.1:${port}/ws`, protocol, { perMessageDeflate: false });
        socket.on('message', (data: Buffer) => {
          const text = data.toString();
          if (!text.startsWith('{"type":"subscribed"')) return;
          if (!isFirst && !text.includes('"recovered":true')) seen.restarts += 1;
          isFirst = false;
          becomeReady();
        });
        return socket;
      },
    },
  });
  client.events(events).subscribe((event) => seen.event(event));
  client.connect();
  return { seen, ready, close: () => client.close() };
}

/** Milliseconds until a client has the state, while its WebSockets connect to `holePort`. */
export async function msToFirstValue(port: number, holePort: number): Promise<number> {
  const began = now();
  const client = createRealtimeClient({
    origin: `http://127.0.0.1:${port}`,
    environment: { openWebSocket: (_url, protocol) => new WebSocket(`ws://127.0.0.1:${holePort}/ws`, protocol) },
  });
  await firstValueFrom(client.state(battle));
  const took = now() - began;
  client.close();
  return took;
}

/** The client of socket.io with its defaults, and WebSocket as its only transport. */
export function socketIoClient(port: number): ReconnectingClient {
  const seen = new Sightings();
  const socket = io(`http://127.0.0.1:${port}`, { transports: ['websocket'], forceNew: true });
  let isFirst = true;
  const ready = new Promise<void>((resolve) => {
    socket.on('connect', () => {
      if (!isFirst && !socket.recovered) seen.restarts += 1;
      isFirst = false;
      resolve();
    });
  });
  socket.on('event', (event: SmallEvent) => seen.event(event));
  return { seen, ready, close: () => socket.close() };
}
