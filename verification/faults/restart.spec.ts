import { afterEach, expect, it } from '@jest/globals';
import { createRealtimeClient, type RealtimeClient } from '@statewire/client';
import { filter, firstValueFrom } from 'rxjs';
import { WebSocket } from 'ws';

import { FaultProxy } from './support/fault-proxy/index.js';
import { moving, MovingServer } from './support/moving-server.js';

const RESTARTS = 4;

let client: RealtimeClient;
let server: MovingServer;
let proxy: FaultProxy;

afterEach(async () => {
  client.close();
  await server.stop();
  await proxy.stop();
});

it('a server that restarts repeatedly, as in watch mode, has one socket of each client', async () => {
  server = await MovingServer.start();
  proxy = await FaultProxy.start(server.port);
  client = createRealtimeClient({
    origin: proxy.origin,
    environment: { openWebSocket: (url, protocol) => new WebSocket(url, protocol), random: () => 0 },
  });
  const value = client.topic(moving.with());
  await firstValueFrom(value.pipe(filter(({ freshness }) => freshness.state === 'live')));
  for (let restart = 0; restart < RESTARTS; restart += 1) {
    await server.stop();
    server = await MovingServer.start();
    proxy.upstream = server.port;
    await server.publish();
    const { top } = server;
    const shown = await firstValueFrom(
      value.pipe(filter(({ position, freshness }) => position?.epoch === top.epoch && freshness.state === 'live')),
    );
    await firstValueFrom(client.status$.pipe(filter(({ state }) => state === 'live')));

    expect(shown.value).toEqual(server.at(shown.position!));
    expect(server.connections.list()).toHaveLength(1);
    expect(proxy.webSockets).toBe(1);
  }
});
