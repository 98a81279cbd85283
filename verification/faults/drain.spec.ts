import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, it } from '@jest/globals';

import { BusyProcess } from './support/busy/busy-process.js';
import { CrowdProcess } from './support/crowd-process.js';
import { FaultProxy } from './support/fault-proxy/index.js';
import { RawSocket } from './support/raw-socket.js';
import { until } from './support/until.js';

const TOPICS = 4;
/** Clients in one process. */
const PER_PROCESS = 250;
/** One client of so many follows topics: checking what all of them show would delay the others. */
const FOLLOWERS = 10;
/** Sockets that do not hear what they are told. */
const STRAGGLERS = 5;
/** Actions end when this share of the clients is back: some are answered where they were sent, and some elsewhere. */
const BACK = 1 / 8;

interface Size {
  readonly clients: number;
  /** Milliseconds of the drain. */
  readonly window: number;
}

const QUICK: Size = { clients: 80, window: 2_000 };
const SIZES = process.env.STATEWIRE_TEST_TIER === 'full' ? [QUICK, { clients: 1_000, window: 8_000 }] : [QUICK];

/** SIGTERM meets a server with an action in flight of each client, while the proxy leads to another server already. */
it.each(SIZES)(
  'R11: SIGTERM makes a server send $clients clients away once, finish each action once and exit with 0',
  async ({ clients, window }) => {
    const folder = await mkdtemp(join(tmpdir(), 'statewire-drain-'));
    const workFile = join(folder, 'work');
    const claims = join(folder, 'claims');
    await mkdir(claims);
    const options = {
      world: { topics: TOPICS, period: 500, workFile },
      realtime: { drain: { windowMs: window }, limits: { frames: { perSecond: 0 } } },
      claims,
    };
    const processes = Array.from({ length: Math.ceil(clients / PER_PROCESS) }, () => new CrowdProcess(''));
    const crowds = processes.map(({ crowd }) => crowd);
    const servers: BusyProcess[] = [];
    let proxy: FaultProxy | undefined;
    const start = async (): Promise<BusyProcess> => {
      const server = await BusyProcess.start(options);
      servers.push(server);
      return server;
    };
    try {
      const [old, next] = await Promise.all([start(), start()]);
      const { origin } = (proxy = await FaultProxy.start(old.port));
      await Promise.all(crowds.map((crowd) => crowd.lead(origin)));
      const share = { clients: clients / crowds.length, topics: TOPICS, followers: FOLLOWERS };
      // No client polls because the machine is busy.
      const client = { polling: { startAfterMs: 600_000 } };
      await Promise.all(crowds.map((crowd) => crowd.connect({ ...share, client })));
      const stragglers = await Promise.all(Array.from({ length: STRAGGLERS }, (_, n) => straggle(origin, n)));
      await Promise.all(crowds.map((crowd, n) => crowd.act(`crowd ${n}`, { waits: true })));
      await until(
        async () => (await old.load()).waiting === clients,
        () => 'not every action waits',
      );

      proxy.upstream = next.port;
      const exit = old.process.exit('SIGTERM');
      let ready: number | undefined;
      await until(
        async () => (ready = await old.ready()) !== 200,
        () => 'the old server is still ready',
      );
      await until(
        async () => (await next.load()).connections >= clients * BACK,
        () => 'nobody comes back',
      );
      await old.release();
      const farewells = await Promise.all(stragglers.map(({ closed }) => closed));
      const code = await exit;
      const outcomes = (await Promise.all(crowds.map((crowd) => crowd.outcomes()))).flat();
      await until(
        async () => (await next.load()).connections === clients,
        () => 'not everybody came back',
      );
      const tops = [...(await next.rest())];
      await Promise.all(crowds.map((crowd) => crowd.converged(tops)));
      const reports = await Promise.all(crowds.map((crowd) => crowd.report()));
      const told = reports.flatMap((report) => report.told);
      const done = (await readFile(workFile, 'utf8')).trim().split('\n');

      expect(ready).toBe(503);
      expect({ code, log: /\bERROR\b.*/.exec(old.process.output) }).toEqual({ code: 0, log: null });
      expect(farewells).toEqual(Array(STRAGGLERS).fill(1012));
      expect(outcomes.filter((outcome) => outcome !== 'acknowledged')).toEqual([]);
      expect([outcomes.length, new Set(done).size, done.length]).toEqual([clients, clients, clients]);
      expect(told).toHaveLength(clients);
      for (const within of told) expect(within).toBeLessThanOrEqual(window);
      expect(reports.flatMap(({ violations }) => violations)).toEqual([]);
    } finally {
      for (const { process } of [...servers, ...processes]) process.destroy();
      await proxy?.stop();
      await rm(folder, { recursive: true });
    }
  },
);

/** A socket that is welcomed and does not go when it is told to. */
async function straggle(origin: string, n: number): Promise<RawSocket> {
  const socket = new RawSocket(origin);
  await socket.open();
  socket.send({ type: 'hello', clientId: `straggler-${n}`.padEnd(24, '-') });
  await socket.frame('welcome');
  return socket;
}
