import { readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { createRealtimeClient, type RealtimeClient } from '@statewire/client';
import { filter, firstValueFrom } from 'rxjs';

import { BusyProcess } from './support/busy/busy-process.js';
import { block, field, isGenuine, log } from './support/busy/contract.js';
import { ClientProcess } from './support/client-process.js';
import { FaultProxy } from './support/fault-proxy/index.js';
import { Oracle } from './support/oracle/index.js';
import { until } from './support/until.js';
import { actAtTimes } from './support/acting.js';

const CLIENTS = 15;
const TOPICS = 5;
const HEARTBEAT = { intervalMs: 2_000, timeoutMs: 2_000 };
/** Milliseconds. Longer than the heartbeat allows. */
const STALL = 5_000;
/** Values that each client sees after the stall: some four are published in each tenth of a second. */
const AFTER_THE_STALL = 60;

const workFile = join(tmpdir(), `statewire-killed-${process.pid}`);
/** The second server replaces the first and runs in the later tests. */
let servers: readonly BusyProcess[] = [];
let clients: RealtimeClient[] = [];
let proxy: FaultProxy;
let oracle: Oracle;

beforeAll(async () => {
  const options = { world: { topics: TOPICS, period: 100, workFile }, realtime: { heartbeat: HEARTBEAT } };
  servers = await Promise.all([BusyProcess.start(options), BusyProcess.start(options)]);
});

afterAll(async () => {
  for (const { process } of servers) process.destroy();
  await rm(workFile, { force: true });
});

async function connect(server: BusyProcess): Promise<void> {
  oracle = new Oracle({ isGenuine });
  proxy = await FaultProxy.start(server.port);
  const { openWebSocket } = oracle;
  for (let n = 0; n < CLIENTS; n += 1) {
    const backoff = { networkMs: 100, serverMs: 100, maxMs: 500 };
    const client = createRealtimeClient({ origin: proxy.origin, backoff, environment: { openWebSocket } });
    clients.push(client);
    for (const id of [n % TOPICS, (n + 1) % TOPICS].map(String)) {
      oracle.followState(`client ${n}`, client, field.with({ id }));
      oracle.followEvents(`client ${n}`, client, log.with({ id }));
    }
  }
  await Promise.all(
    clients.map((client) => firstValueFrom(client.status$.pipe(filter(({ state }) => state === 'live')))),
  );
}

afterEach(async () => {
  for (const client of clients) client.close();
  await proxy.stop();
  clients = [];
});

describe('a server process with a successor', () => {
  it('R13: after a kill in the middle of a fan-out every client is current, and each acknowledged action ran', async () => {
    const [first, second] = servers as [BusyProcess, BusyProcess];
    await connect(first);
    const acting = actAtTimes(clients);
    const before = oracle.checked;
    await until(
      () => oracle.checked > before + CLIENTS * 20 && acting.answered.size > 10,
      () => 'nothing moves',
    );
    first.process.signal('SIGKILL');
    await first.process.exit();
    const acknowledged = [...acting.answered];
    proxy.upstream = second.port;
    await until(
      () => clients.every(({ status }) => status.state === 'live'),
      () => JSON.stringify(clients[0]?.status),
    );
    acting.stop();
    await oracle.converged(await second.stopPublishing());
    const done = new Set((await readFile(workFile, 'utf8')).split('\n'));

    expect(oracle.violations).toEqual([]);
    expect(acknowledged.length).toBeGreaterThan(0);
    expect(acknowledged.filter((key) => !done.has(key))).toEqual([]);
    // Unacknowledged actions were resent to the next process, or have an unknown outcome.
    const { failed } = await acting.end();
    expect(failed).toEqual([]);
  });
});

describe('a process', () => {
  let server: BusyProcess;

  beforeAll(async () => {
    server = servers[1]!;
    await server.startPublishing();
  });

  it('R19: that blocks its event loop for longer than the heartbeat allows closes no connection', async () => {
    await connect(server);
    await until(
      async () => (await server.load()).connections === CLIENTS,
      () => 'not everybody is there',
    );
    await firstValueFrom(clients[0]!.act(block, { milliseconds: STALL }), { defaultValue: undefined });
    // Without the protection, the heartbeats after the stall would close clients that seem silent.
    const shown = oracle.checked;
    await until(
      () => oracle.checked > shown + CLIENTS * AFTER_THE_STALL,
      () => 'nothing moves',
    );
    const lost = server.process.output.match(/"code":4200|\b4200\b/g) ?? [];
    await oracle.converged(await server.stopPublishing());
    const reconnects = clients.map(({ metrics }) => metrics.reconnects);

    expect(lost).toEqual([]);
    // Their own clocks ran on: they may look for another connection after interval + timeout, once.
    expect(Math.max(...reconnects)).toBeLessThanOrEqual(1);
    expect(oracle.violations).toEqual([]);
  });

  it('R15: that is a client and was stopped until the server closed its connection returns with one connection', async () => {
    proxy = await FaultProxy.start(server.port);
    let upgrades = 0;
    proxy.upgrades(() => {
      upgrades += 1;
      return 'pass';
    });
    const client = new ClientProcess(proxy.origin);
    try {
      await until(
        () => client.states.includes('live'),
        () => client.process.output,
      );
      client.process.signal('SIGSTOP');
      await until(
        async () => (await server.load()).connections === 0,
        () => 'the server keeps it',
      );
      const top = (await server.stopPublishing()).get('fields/0')!;
      client.process.signal('SIGCONT');
      await until(
        async () => client.isLiveAt(top) && (await server.load()).connections === 1,
        () => client.process.output.slice(-2_000),
      );

      expect(client.violations).toEqual([]);
      expect(upgrades).toBe(2);
    } finally {
      client.process.destroy();
    }
  });
});
