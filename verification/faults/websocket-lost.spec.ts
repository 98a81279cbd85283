import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  createRealtimeClient,
  type ConnectionStatus,
  type ClientEnvironment,
  type RealtimeClient,
  type TopicState,
} from '@statewire/client';
import { filter, firstValueFrom } from 'rxjs';
import { WebSocket } from 'ws';

import { FaultProxy, type UpgradeFault } from './support/fault-proxy/index.js';
import { moving, MovingServer, type Moving } from './support/moving-server.js';

const openWebSocket: ClientEnvironment['openWebSocket'] = (url, protocol) => new WebSocket(url, protocol);

let server: MovingServer;
let proxy: FaultProxy;
let client: RealtimeClient;
let shown: TopicState<Moving>[];

beforeAll(async () => {
  server = await MovingServer.start();
});

beforeEach(async () => {
  proxy = await FaultProxy.start(server.port);
  server.startPublishing();
});

afterEach(async () => {
  client.close();
  server.stopPublishing();
  await proxy.stop();
});

afterAll(() => server.stop());

/** The jitter is constant, so every run measures the same. */
function follow(environment: Partial<ClientEnvironment> = { openWebSocket }): void {
  client = createRealtimeClient({
    origin: proxy.origin,
    polling: { intervalMs: 100 },
    backoff: { maxMs: 300 },
    environment: { random: () => 0.5, ...environment },
  });
  shown = [];
  client.topic(moving.with()).subscribe((state) => shown.push(state));
}

function reached(state: ConnectionStatus['state']): Promise<ConnectionStatus> {
  return firstValueFrom(client.status$.pipe(filter((status) => status.state === state)));
}

/**
 * Resolves when the client polls and shows a live value. The guarantee of one second is tested on virtual
 * time (`fallback.spec.ts`); a busy machine may be ten times as late.
 */
async function expectPolling(): Promise<void> {
  const began = performance.now();
  await reached('polling');
  await firstValueFrom(client.topic(moving.with()).pipe(filter(({ freshness }) => freshness.state === 'live')));
  expect(performance.now() - began).toBeLessThan(10_000);
}

async function moves(): Promise<void> {
  const { tick } = await firstValueFrom(client.state(moving.with()));
  await firstValueFrom(client.state(moving.with()).pipe(filter((value) => value.tick > tick + 3)));
}

/** Stops the publications and compares every shown value with the server's value at its position. */
async function expectTruth(): Promise<void> {
  server.stopPublishing();
  await server.publish();
  const { top } = server;
  await firstValueFrom(client.topic(moving.with()).pipe(filter(({ position }) => position?.offset === top.offset)));
  let last = 0;
  for (const { value, position } of shown) {
    if (position === undefined || value === undefined) continue;
    expect(value).toEqual(server.at(position));
    expect(position.offset).toBeGreaterThanOrEqual(last);
    last = position.offset;
  }
  expect(shown.at(-1)).toMatchObject({ value: server.at(top), position: top, freshness: { state: 'live' } });
}

describe('R9: on real sockets, if the WebSocket', () => {
  it.each<[string, UpgradeFault]>([
    ['is rejected with 403', 'reject'],
    ['is rejected with 400', 'bad-request'],
    ['is reset before the answer', 'cut'],
    ['is reset right after the answer', 'cut-accepted'],
    ['gets no answer', 'hang'],
  ])('%s, polling shows the value live, and the WebSocket takes over later', async (_, fault) => {
    proxy.upgrades(fault);
    follow();
    await expectPolling();
    await moves();
    expect(client.status.state).toBe('polling');
    proxy.restore();
    await reached('live');
    await moves();
    await expectTruth();
  });

  it('stops carrying bytes, polling shows the value live, and the WebSocket returns', async () => {
    follow();
    await reached('live');
    await moves();
    proxy.blackhole('web-sockets');
    await expectPolling();
    await moves();
    proxy.restore();
    await reached('live');
    await moves();
    expect(client.metrics.reconnects).toBe(0);
    await expectTruth();
  });

  it('ends a second after each start, the value keeps changing', async () => {
    proxy.upgrades('end-after-1s');
    follow();
    await reached('live');
    while (client.metrics.reconnects < 2) {
      const began = performance.now();
      await firstValueFrom(client.state(moving.with()).pipe(filter(isNews())));
      expect(performance.now() - began).toBeLessThan(10_000);
    }
    proxy.restore();
    await reached('live');
    await expectTruth();
  });

  it('does not exist in the host, polling shows the value live', async () => {
    follow({ openWebSocket: undefined });
    await expectPolling();
    expect(client.status).toMatchObject({ state: 'polling', reason: { code: 'no-websocket' } });
    await moves();
    await expectTruth();
  });

  it('has a constructor that throws, polling shows the value live', async () => {
    follow({
      openWebSocket: () => {
        throw new DOMException('Refused by the content security policy.', 'SecurityError');
      },
    });
    await expectPolling();
    expect(client.status).toMatchObject({ state: 'polling', reason: { code: 'no-websocket' } });
    await moves();
    await expectTruth();
  });
});

/** Accepts each value after the first, which is the current one at the subscription. */
function isNews(): () => boolean {
  let seen = 0;
  return () => (seen += 1) > 1;
}
