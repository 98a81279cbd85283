import { readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect } from '@jest/globals';
import { createRealtimeClient, type Environment, type RealtimeClient } from '@statewire/client';
import { filter, firstValueFrom, timeout } from 'rxjs';

import { BusyProcess } from '../support/busy/busy-process.js';
import { field, isGenuine, work } from '../support/busy/contract.js';
import { FaultProxy } from '../support/fault-proxy/index.js';
import { Oracle } from '../support/oracle/index.js';
import { until } from '../support/until.js';

type OpenWebSocket = NonNullable<Environment['openWebSocket']>;

const WINDOW = 3_000;
/** Milliseconds of each action, so that all of them are in flight when the signal comes. */
const TAKES = 2_000;
const PARTS = 4;
/** One client of so many follows a topic: checking what all of them show would delay the moments that are measured. */
const FOLLOWERS = 10;

/**
 * Sends SIGTERM to a server with so many clients and an action in flight of each, while another server takes over behind
 * the same address, and holds what happens against R11.
 */
export async function holdDrain(count: number): Promise<void> {
  const workFile = join(tmpdir(), `statewire-drain-${process.pid}-${count}`);
  const options = {
    world: { topics: 4, period: 500, workFile },
    realtime: { drain: { window: WINDOW }, limits: { framesPerSecond: 0 } },
  };
  const [old, next] = await Promise.all([BusyProcess.start(options), BusyProcess.start(options)]);
  const proxy = await FaultProxy.start(old.port);
  const oracle = new Oracle({ isGenuine });
  const clients: RealtimeClient[] = [];
  let opened: number[] = [];
  const openWebSocket: OpenWebSocket = (url, protocol) => {
    opened.push(performance.now());
    return oracle.openWebSocket(url, protocol);
  };
  try {
    while (clients.length < count)
      clients.push(...(await connect(Math.min(50, count - clients.length), proxy.origin, openWebSocket)));
    for (const [n, client] of clients.entries())
      if (n % FOLLOWERS === 0) oracle.followState(`client ${n}`, client, field.with({ id: String(n % 4) }));
    const answers = clients.map((client, n) => answered(client, `action ${n}`));
    await until(
      async () => (await old.load()).working === count,
      () => 'not every action runs',
      20_000,
    );

    opened = [];
    proxy.upstream = next.port;
    const began = performance.now();
    const exit = old.process.exit('SIGTERM').then((code) => ({ code, took: performance.now() - began }));
    await until(
      async () => (await old.ready()) !== 200,
      () => 'the old server is still ready',
    );
    expect(await old.ready()).toBe(503);
    const outcomes = await Promise.all(answers);
    const { code, took } = await exit;
    const tops = await next.rest();
    const converged = await oracle.converged(tops, 20_000);

    const parts = Array.from({ length: PARTS }, (_, part) => opened.filter((at) => partOf(at - began) === part).length);
    const done = (await readFile(workFile, 'utf8')).trim().split('\n');
    process.stdout.write(
      `R11: ${count} clients came back ${parts.join(' + ')} in the quarters of ${WINDOW} ms; exit ${code} after ` +
        `${Math.round(took)} ms; ${outcomes.length} answers, ${done.length} runs; converged in ${Math.round(converged)} ms\n`,
    );
    expect({ code, log: /\bERROR\b.*/.exec(old.process.output) }).toEqual({ code: 0, log: null });
    expect(took).toBeLessThan(10_000);
    expect(outcomes.filter((outcome) => outcome !== 'acknowledged')).toEqual([]);
    expect(new Set(done).size).toBe(count);
    for (const part of parts) expect(part / count).toBeGreaterThan(1 / PARTS / 3);
    for (const part of parts) expect(part / count).toBeLessThan(2 / PARTS);
    expect(oracle.violations).toEqual([]);
  } finally {
    for (const client of clients) client.close();
    for (const server of [old, next]) server.process.destroy();
    await proxy.stop();
    await rm(workFile, { force: true });
  }
}

function partOf(at: number): number {
  return Math.min(PARTS - 1, Math.floor((at / WINDOW) * PARTS));
}

async function connect(count: number, origin: string, openWebSocket: OpenWebSocket): Promise<RealtimeClient[]> {
  // A busy machine is no reason to poll.
  const options = { origin, polling: { startAfter: 20_000 }, environment: { openWebSocket } };
  const clients = Array.from({ length: count }, () => createRealtimeClient(options));
  const live = clients.map((client) => {
    client.connect();
    return firstValueFrom(
      client.status$.pipe(
        filter(({ state }) => state === 'live'),
        timeout(20_000),
      ),
    );
  });
  await Promise.all(live);
  return clients;
}

function answered(client: RealtimeClient, key: string): Promise<string> {
  return firstValueFrom(client.act(work, { key, takes: TAKES })).then(
    () => 'acknowledged',
    (error: { readonly code: string }) => error.code,
  );
}
