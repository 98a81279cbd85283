import type { Server } from 'node:http';

import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { createRealtimeClient, type RealtimeClient } from '@statewire/client';

import { BusyServer } from './support/busy/busy-server.js';
import { field, isGenuine, log } from './support/busy/contract.js';
import { FaultProxy, type HttpFault } from './support/fault-proxy/index.js';
import { Oracle } from './support/oracle/index.js';
import { until } from './support/until.js';
import { actAtTimes } from './support/acting.js';

const CLIENTS = 4;

let server: BusyServer;
let proxy: FaultProxy;
let clients: RealtimeClient[];
let oracle: Oracle;
/** Requests that the server has not answered to the end, nor given up. */
let unanswered: number;

beforeEach(async () => {
  oracle = new Oracle({ isGenuine });
  server = await BusyServer.start({
    topics: 2,
    period: 100,
    onPublished: (topic, position, data) => oracle.published(topic, position, data),
  });
  unanswered = 0;
  (server.app.getHttpServer() as Server).on('request', (_, response) => {
    unanswered += 1;
    response.once('close', () => (unanswered -= 1));
  });
  proxy = await FaultProxy.start(server.port);
  clients = Array.from({ length: CLIENTS }, (_, n) => {
    const client = createRealtimeClient({
      origin: proxy.origin,
      webSocket: { enabled: false },
      polling: { intervalMs: 100, waitMs: n % 2 },
      backoff: { networkMs: 50, serverMs: 50, maxMs: 200 },
    });
    oracle.followState(`client ${n}`, client, field.with({ id: String(n % 2) }));
    oracle.followEvents(`client ${n}`, client, log.with({ id: String(n % 2) }));
    return client;
  });
});

afterEach(async () => {
  for (const client of clients) client.close();
  await proxy.stop();
  await server.stop();
});

it.each<[string, HttpFault]>([
  ['are cut in the middle', 'truncate'],
  ['belong to requests that arrive twice at once', 'duplicate'],
  ['belong to replayed requests', 'replay'],
  ['are a 502 of a gateway', 'bad-gateway'],
  ['are a 504 of a gateway after the server ran the request', 'answer-lost'],
])(
  'R10: when many answers %s, actions run once, polling shows correct values, and every response ends',
  async (_, fault) => {
    // Enough at a stretch that every kind of request meets it, and then some that pass.
    proxy.http(({ number }) => (number % 7 < 4 ? fault : 'pass'));
    const acting = actAtTimes(clients);
    await until(
      () => (proxy.injected.get(fault) ?? 0) >= 30 && acting.answered.size >= 5,
      () => `${proxy.injected.get(fault)} of ${fault}`,
    );
    proxy.restore();
    await oracle.started();
    server.world.stopPublishing();
    await server.world.publish();
    const actions = await acting.end();
    await oracle.converged(server.world.tops);
    for (const client of clients) client.close();
    await until(
      () => unanswered === 0,
      () => `${unanswered} responses have not ended`,
    );

    expect(oracle.violations).toEqual([]);
    expect(oracle.losses).toBe(0);
    expect(actions.failed).toEqual([]);
    expect([...server.world.done.values()].filter((times) => times !== 1)).toEqual([]);
    expect(server.world.done.size).toBe(actions.sent);
  },
);
