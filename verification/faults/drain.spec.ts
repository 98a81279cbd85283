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
/** One client in this number follows topics, because checking the values of all would delay the test. */
const FOLLOWERS = 10;
/** Sockets that ignore the `drain` frame. */
const LINGERING_SOCKETS = 5;
/** Actions end when this share of the clients has left the old server, so that both servers answer some of them. */
const LEFT_SHARE = 1 / 8;

interface Size {
  readonly clients: number;
  /** Milliseconds of the drain. Below the interval of the heartbeat, because the lingering sockets answer no ping. */
  readonly window: number;
}

const QUICK: Size = { clients: 80, window: 2_000 };
const SIZES = process.env.STATEWIRE_TEST_TIER === 'full' ? [QUICK, { clients: 1_000, window: 20_000 }] : [QUICK];

/** SIGTERM ends a server with one action in flight per client, while the proxy already connects to another server. */
it.each(SIZES)(
  'R11: SIGTERM makes a server send $clients clients away once, finish each action once and exit with 0',
  async ({ clients, window }) => {
    const folder = await mkdtemp(join(tmpdir(), 'statewire-drain-'));
    const workFile = join(folder, 'work');
    const claims = join(folder, 'claims');
    await mkdir(claims);
    const options = {
      world: { topics: TOPICS, period: 500, workFile },
      realtime: { drain: { windowMs: window }, limits: { frames: { perSecond: 0 }, timeouts: { actionMs: 0 } } },
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
      await Promise.all(crowds.map((crowd) => crowd.redirect(origin)));
      const share = { clients: clients / crowds.length, topics: TOPICS, followers: FOLLOWERS };
      // A poll on a busy machine would reach the other server, which has epochs of its own.
      const client = { polling: { enabled: false } };
      await Promise.all(crowds.map((crowd) => crowd.connect({ ...share, client })));
      const lingering = await Promise.all(
        Array.from({ length: LINGERING_SOCKETS }, (_, n) => openLingeringSocket(origin, n)),
      );
      await Promise.all(crowds.map((crowd, n) => crowd.act(`crowd ${n}`, { waits: true })));
      await until(
        async () => (await old.load()).waiting === clients,
        () => 'not every action waits',
      );

      // The old server may exit before the test sees a client return on a busy machine. It releases the actions itself.
      await old.releaseAt(clients * (1 - LEFT_SHARE) + LINGERING_SOCKETS);
      proxy.upstream = next.port;
      const exit = old.process.exit('SIGTERM');
      let ready: number | undefined;
      await until(
        async () => (ready = await old.ready()) !== 200,
        () => 'the old server is still ready',
      );
      const closeCodes = await Promise.all(lingering.map(({ closed }) => closed));
      const code = await exit;
      const outcomes = (await Promise.all(crowds.map((crowd) => crowd.outcomes()))).flat();
      let returned = 0;
      await until(
        async () => (returned = (await next.load()).connections) === clients,
        () => `${returned} of ${clients} clients returned`,
      );
      const tops = [...(await next.stopPublishing())];
      await Promise.all(crowds.map((crowd) => crowd.converged(tops)));
      const reports = await Promise.all(crowds.map((crowd) => crowd.report()));
      const drainWindows = reports.flatMap((report) => report.drainWindows);
      const done = (await readFile(workFile, 'utf8')).trim().split('\n');

      expect(ready).toBe(503);
      expect({ code, log: /\bERROR\b.*/.exec(old.process.output) }).toEqual({ code: 0, log: null });
      expect(closeCodes).toEqual(Array(LINGERING_SOCKETS).fill(1012));
      expect(outcomes.filter((outcome) => outcome !== 'acknowledged')).toEqual([]);
      expect([outcomes.length, new Set(done).size, done.length]).toEqual([clients, clients, clients]);
      expect(drainWindows).toHaveLength(clients);
      for (const drainWindow of drainWindows) expect(drainWindow).toBeLessThanOrEqual(window);
      expect(reports.flatMap(({ violations }) => violations)).toEqual([]);
    } finally {
      for (const { process } of [...servers, ...processes]) process.destroy();
      await proxy?.stop();
      await rm(folder, { recursive: true });
    }
  },
);

/** Opens a socket that receives `welcome` and stays open after `drain`. */
async function openLingeringSocket(origin: string, n: number): Promise<RawSocket> {
  const socket = new RawSocket(origin);
  await socket.open();
  socket.send({ type: 'hello', clientId: `lingering-${n}`.padEnd(24, '-') });
  await socket.frame('welcome');
  return socket;
}
