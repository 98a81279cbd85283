import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { createAdapter } from '@socket.io/redis-streams-adapter';
import { createClient } from 'redis';
import { Server } from 'socket.io';
import { io } from 'socket.io-client';

import { ReceivedMessages } from '../node-report.js';
import { paced, windowed } from '../pace.js';
import type { BrokerRole, PublishCommand } from '../role.js';
import { battleTexts, stamped } from '../texts.js';

/** Servers of socket.io with its Redis Streams adapter. A node follows with one socket of its own that is in all rooms. */
export async function start({ url }: { url: string }): Promise<BrokerRole> {
  const client = createClient({ url });
  client.on('error', () => undefined);
  await client.connect();
  const http = createServer();
  const server = new Server(http, { adapter: createAdapter(client, { onlyPlaintext: true }) });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const texts = battleTexts();
  const received = new ReceivedMessages();

  const publish = (topics: number) => async (index: number) => {
    const { data } = texts[Math.floor(index / topics) % texts.length]!;
    const room = server.to(`battles/${index % topics}`);
    room.emit('battle', JSON.parse(stamped(data)));
    // An emit has no answer. The next turn lets the client of Redis write it.
    await new Promise((resolve) => setImmediate(resolve));
  };

  return {
    follow: async (topics: number) => {
      const rooms = Array.from({ length: topics }, (_, index) => `battles/${index}`);
      server.on('connection', (socket) => void socket.join(rooms));
      const socket = io(`http://127.0.0.1:${(http.address() as AddressInfo).port}`, { transports: ['websocket'] });
      socket.on('battle', (battle) => received.add(JSON.stringify(battle)));
      await new Promise<void>((resolve) => socket.once('connect', resolve));
    },
    publish: ({ topics, count, window, perSecond }: PublishCommand) =>
      perSecond === undefined
        ? windowed(count, window ?? 1, publish(topics))
        : paced(count, perSecond, publish(topics)),
    reset: () => received.reset(),
    report: () => received.report(),
    resumed: () => 0,
  };
}
