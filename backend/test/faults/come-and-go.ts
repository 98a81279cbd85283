import { expect } from '@jest/globals';

import { BusyProcess } from '../support/busy/busy-process.js';
import { field, log } from '../support/busy/contract.js';
import { FaultProxy } from '../support/fault-proxy/index.js';
import { RawSocket } from '../support/raw-socket.js';
import { until } from '../support/until.js';

const AT_ONCE = 20;
/** Milliseconds for which the server remembers actions and topics. */
const FORGOTTEN = 600;
const WARM_UP = 300;
const TOPICS = [field.with({ id: '0' }), log.with({ id: '0' })].map(({ name }) => ({ topic: name }));

/**
 * So many clients come, follow and leave, half of them over HTTP; then the server holds what it held before. They come
 * through a network that resets every other WebSocket, and cuts every fifth answer off.
 */
export async function holdComeAndGo(cycles: number): Promise<void> {
  const limits = { linger: 200, framesPerSecond: 0 };
  const server = await BusyProcess.start({
    world: { topics: 1, period: 0 },
    realtime: { limits, actionWindow: FORGOTTEN, history: { age: FORGOTTEN } },
  });
  const proxy = await FaultProxy.start(server.port);
  const heard: Heard = { whole: 0, half: 0 };
  proxy.httpFate = ({ number }) => (number % 5 === 0 ? 'cut' : 'pass');
  try {
    await comeAndGo(proxy, 0, WARM_UP, heard);
    await untilEmpty(server);
    const before = await server.footprint();
    await comeAndGo(proxy, WARM_UP, cycles, heard);
    await untilEmpty(server);
    const after = await server.footprint();
    process.stdout.write(
      `R17: ${cycles} cycles: heap ${before.heap.toFixed(1)} → ${after.heap.toFixed(1)} MiB; ` +
        `${JSON.stringify(before.resources)} → ${JSON.stringify(after.resources)}\n`,
    );

    // What the network did to them is what it was told to do.
    expect(heard.half).toBe(proxy.done.get('cut'));
    expect(heard.half).toBeGreaterThan((cycles + WARM_UP) / 2 / 6);
    expect(heard.whole).toBeGreaterThan((cycles + WARM_UP) / 4);

    expect(after.heap).toBeLessThan(before.heap + 3);
    for (const kind of ['Timeout', 'Immediate', 'TCPServerWrap'])
      expect([kind, after.resources[kind] ?? 0]).toEqual([kind, before.resources[kind] ?? 0]);
    // Those of `fetch`, which this very question came over, are kept alive for some seconds.
    expect(after.resources['TCPSocketWrap'] ?? 0).toBeLessThan(AT_ONCE + 5);
    expect(server.process.output).not.toContain('MaxListenersExceededWarning');
  } finally {
    server.process.destroy();
    await proxy.stop();
  }
}

/** Answers of HTTP, whole and cut off. */
interface Heard {
  whole: number;
  half: number;
}

async function comeAndGo(proxy: FaultProxy, first: number, count: number, heard: Heard): Promise<void> {
  const { origin } = proxy;
  for (let done = 0; done < count; done += AT_ONCE) {
    const each = Array.from({ length: AT_ONCE }, (_, n) => first + done + n);
    const polls = each.filter((n) => n % 2 === 1).map((n) => overHttp(origin, n, heard));
    const sockets = await Promise.all(each.filter((n) => n % 2 === 0).map((n) => overSocket(origin, n)));
    sockets.forEach((socket, n) => n % 2 === 0 && socket.close());
    await Promise.all(sockets.filter((_, n) => n % 2 === 0).map(({ closed }) => closed));
    for (const tunnel of proxy.tunnels) if (tunnel.isWebSocket) tunnel.reset();
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

async function overHttp(origin: string, n: number, heard: Heard): Promise<void> {
  const response = await fetch(`${origin}/realtime/poll`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ clientId: clientId(n), topics: TOPICS }),
  });
  expect(response.status).toBe(200);
  await response.text().then(
    () => (heard.whole += 1),
    () => (heard.half += 1),
  );
}

function clientId(n: number): string {
  return `client-${n}`.padEnd(24, '-');
}

/** Until everybody has left, and what is forgotten in its time is. */
async function untilEmpty(server: BusyProcess): Promise<void> {
  await until(
    async () => (await server.load()).connections === 0,
    () => 'connections are left',
  );
  await new Promise((resolve) => setTimeout(resolve, 2 * FORGOTTEN));
}
