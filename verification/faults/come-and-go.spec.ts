import { expect, it } from '@jest/globals';

import { BusyProcess } from './support/busy/busy-process.js';
import { field, log } from './support/busy/contract.js';
import type { Holdings } from './support/busy/holdings.js';
import { FaultProxy } from './support/fault-proxy/index.js';
import { RawSocket } from './support/raw-socket.js';
import { until } from './support/until.js';

const SIZES = process.env.STATEWIRE_TEST_TIER === 'full' ? [800, 50_000] : [800];
/** Clients that connect at the same time. */
const CONCURRENT_CLIENTS = 20;
/** The clock of the server runs faster by this factor, so that its expiry times pass early. */
const CLOCK_FACTOR = 50;
/** Clients before the first measurement. */
const WARM_UP_CLIENTS = 300;
/** A leak leaves at least one object of each client behind. The heap of an idle server varies by a few objects. */
const OBJECTS_PER_CLIENT = 0.1;
const TOPICS = [field.with({ id: '0' }), log.with({ id: '0' })].map(({ name }) => ({ topic: name }));

/**
 * Clients connect, follow topics and leave, half of them over HTTP. The network resets every other WebSocket and truncates
 * every fifth response. Afterwards the server holds as much as before.
 */
it.each(SIZES)(
  'R17: after %d clients have come and gone on both transports, collections, objects, timers and handles are as before',
  async (clients) => {
    const server = await BusyProcess.start({
      world: { topics: 1, period: 0 },
      realtime: {
        actionWindowMs: 5_000,
        history: { ageMs: 10_000 },
        heartbeat: { intervalMs: 3_600_000 },
        // These deadlines would pass too early on the faster clock.
        limits: {
          timeouts: { helloMs: 0, authenticationMs: 0, loadMs: 0, actionMs: 0, lingerMs: 5_000 },
          frames: { perSecond: 0 },
        },
      },
      clockFactor: CLOCK_FACTOR,
    });
    const proxy = await FaultProxy.start(server.port);
    const responses: Responses = { complete: 0, truncated: 0 };
    proxy.http(({ number }) => (number % 5 === 0 ? 'truncate' : 'pass'));
    try {
      const fresh = await server.holdings();
      await connectAndLeave(proxy, 0, WARM_UP_CLIENTS, responses);
      const before = await settled(server, fresh);
      const objects = await server.objects();
      await connectAndLeave(proxy, WARM_UP_CLIENTS, clients, responses);
      await settled(server, before);
      expect(await server.objects()).toBeLessThan(objects + clients * OBJECTS_PER_CLIENT);

      // The proxy applied its faults.
      const polls = (WARM_UP_CLIENTS + clients) / 2;
      expect(responses.complete + responses.truncated).toBe(polls);
      expect(responses.truncated).toBe(proxy.injected.get('truncate'));
      expect(responses.truncated).toBe(polls / 5);
      expect(server.process.output).not.toContain('MaxListenersExceededWarning');
    } finally {
      server.process.destroy();
      await proxy.stop();
    }
  },
  600_000,
);

/** Numbers of complete and truncated HTTP responses. */
interface Responses {
  complete: number;
  truncated: number;
}

async function connectAndLeave(proxy: FaultProxy, first: number, count: number, responses: Responses): Promise<void> {
  const { origin } = proxy;
  for (let done = 0; done < count; done += CONCURRENT_CLIENTS) {
    const each = Array.from({ length: CONCURRENT_CLIENTS }, (_, n) => first + done + n);
    const polls = each.filter((n) => n % 2 === 1).map((n) => overHttp(origin, n, responses));
    const sockets = await Promise.all(each.filter((n) => n % 2 === 0).map((n) => overSocket(origin, n)));
    sockets.forEach((socket, n) => n % 2 === 0 && socket.close());
    await Promise.all(sockets.filter((_, n) => n % 2 === 0).map(({ closed }) => closed));
    for (const tunnel of proxy.tunnels) if (tunnel.isWebSocket) tunnel.cut();
    await Promise.all([...polls, ...sockets.map(({ closed }) => closed)]);
  }
}

async function overSocket(origin: string, n: number): Promise<RawSocket> {
  const socket = new RawSocket(origin);
  await socket.open();
  socket.send(
    { type: 'hello', clientId: clientId(n) },
    { type: 'subscribe', topics: TOPICS },
    { type: 'action', id: '1', name: 'work', data: { key: 'the same' } },
  );
  await socket.frame('ack');
  await socket.frame('subscribed', ({ topic }) => topic === TOPICS[1]!.topic);
  return socket;
}

async function overHttp(origin: string, n: number, responses: Responses): Promise<void> {
  const response = await fetch(`${origin}/realtime/poll`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ clientId: clientId(n), topics: TOPICS }),
  });
  expect(response.status).toBe(200);
  await response.text().then(
    () => (responses.complete += 1),
    () => (responses.truncated += 1),
  );
}

function clientId(n: number): string {
  return `client-${n}`.padEnd(24, '-');
}

/** Resolves when the server holds no more than before, or fails with the surplus. */
async function settled(server: BusyProcess, before: Holdings): Promise<Holdings> {
  let now = before;
  const surplus = (): readonly string[] => [
    ...moreOf(now.collections, before.collections),
    ...moreOf(now.resources, before.resources),
  ];
  await until(
    async () => {
      now = await server.holdings();
      return surplus().length === 0;
    },
    () => surplus().join(),
  );
  return now;
}

function moreOf(now: Readonly<Record<string, number>>, before: Readonly<Record<string, number>>): readonly string[] {
  return Object.entries(now).flatMap(([name, count]) => {
    const more = count - (before[name] ?? 0);
    return more > 0 ? [`${more} more of ${name}`] : [];
  });
}
