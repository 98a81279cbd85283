import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect } from '@jest/globals';

import { BusyProcess } from '../support/busy/busy-process.js';
import { CrowdProcess } from '../support/crowd-process.js';
import type { Opened, Report } from '../support/crowd.js';
import { FaultProxy } from '../support/fault-proxy/index.js';
import { RawSocket } from '../support/raw-socket.js';
import { until } from '../support/until.js';

const TOPICS = 4;
const PARTS = 4;
/** Clients in one process: more would be late by each other. */
const PER_PROCESS = 250;
/** One client of so many follows topics: checking what all of them show would delay the moments that are measured. */
const FOLLOWERS = 10;
/** Sockets that do not hear what they are told. */
const STRAGGLERS = 5;

export interface DrainOptions {
  readonly clients: number;
  /** Milliseconds of the drain. */
  readonly window: number;
  /** Milliseconds of each action: all are in flight when the signal comes, and many when their client leaves. */
  readonly takes: number;
}

/**
 * Sends SIGTERM to a server with so many clients and an action in flight of each, while the proxy in front of it leads
 * to another server already, and holds what happens against R11.
 */
export async function holdDrain({ clients, window, takes }: DrainOptions): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'statewire-drain-'));
  const workFile = join(folder, 'work');
  const claims = join(folder, 'claims');
  await mkdir(claims);
  const options = {
    world: { topics: TOPICS, period: 500, workFile },
    realtime: { drain: { window }, limits: { framesPerSecond: 0 } },
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
    // A busy machine is no reason to poll.
    await Promise.all(crowds.map((crowd) => crowd.connect({ ...share, client: { polling: { startAfter: 20_000 } } })));
    const stragglers = await Promise.all(Array.from({ length: STRAGGLERS }, (_, n) => straggle(origin, n)));
    await Promise.all(crowds.map((crowd, n) => crowd.act(`crowd ${n}`, takes)));
    await until(
      async () => (await old.load()).working === clients,
      () => 'not every action runs',
      takes,
    );

    proxy.upstream = next.port;
    const began = Date.now();
    const exit = old.process.exit('SIGTERM').then((code) => ({ code, took: Date.now() - began }));
    let ready: number | undefined;
    await until(
      async () => (ready = await old.ready()) !== 200,
      () => 'the old server is still ready',
    );
    const farewells = await Promise.all(stragglers.map(({ closed }) => closed));
    const { code, took } = await exit;
    const outcomes = (await Promise.all(crowds.map((crowd) => crowd.outcomes()))).flat();
    const tops = [...(await next.rest())];
    const converged = Math.max(...(await Promise.all(crowds.map((crowd) => crowd.converged(tops)))));

    // Whoever chose the very end of the window may be sent away first, and comes back a moment later.
    let reports: readonly Report[] = [];
    const isBack = ({ at }: Opened): boolean => at >= began;
    await until(
      async () => {
        reports = await Promise.all(crowds.map((crowd) => crowd.report()));
        return reports.flatMap((report) => report.opened).filter(isBack).length >= clients;
      },
      () => 'not everybody came back',
    );
    const told = reports.flatMap((report) => report.told);
    const first = Math.min(...told.map(({ at }) => at));
    const last = Math.max(...told.map(({ at }) => at));
    const opened = reports.flatMap((report) => report.opened).filter(isBack);
    // By the moments that clients decided on: a machine that does other things besides is late with each of them.
    const inPart = opened.map(({ meant }) => Math.min(PARTS - 1, Math.floor(((meant - first) / window) * PARTS)));
    const parts = Array.from({ length: PARTS }, (_, part) => inPart.filter((each) => each === part).length);
    const late = Math.round(opened.reduce((sum, { at, meant }) => sum + at - meant, 0) / opened.length);
    const done = (await readFile(workFile, 'utf8')).trim().split('\n');
    process.stdout.write(
      `R11: ${clients} clients were told within ${last - first} ms and came back ${parts.join(' + ')} in the quarters of ` +
        `${window} ms, ${late} ms late on average; exit ${code} after ${took} ms; ${outcomes.length} answers, ` +
        `${done.length} runs; ${STRAGGLERS} closed with ${[...new Set(farewells)].join()}; ` +
        `converged in ${Math.round(converged)} ms\n`,
    );

    expect(ready).toBe(503);
    expect({ code, log: /\bERROR\b.*/.exec(old.process.output) }).toEqual({ code: 0, log: null });
    expect(took).toBeLessThan(10_000);
    expect(farewells).toEqual(Array(STRAGGLERS).fill(1012));
    expect(outcomes.filter((outcome) => outcome !== 'acknowledged')).toEqual([]);
    expect([new Set(done).size, done.length]).toEqual([clients, clients]);
    // Nobody was told twice, and nobody came in vain.
    expect([told.length, opened.length]).toEqual([clients, clients]);
    expect(last - first).toBeLessThan(window / 2);
    for (const part of parts) expect(part / clients).toBeGreaterThan(1 / PARTS / 4);
    for (const part of parts) expect(part / clients).toBeLessThan(2 / PARTS);
    expect(reports.flatMap(({ violations }) => violations)).toEqual([]);
  } finally {
    for (const { process } of [...servers, ...processes]) process.destroy();
    await proxy?.stop();
    await rm(folder, { recursive: true });
  }
}

/** A socket that is welcomed and does not go when it is told to. */
async function straggle(origin: string, n: number): Promise<RawSocket> {
  const socket = new RawSocket(origin);
  await socket.open();
  socket.send({ type: 'hello', clientId: `straggler-${n}`.padEnd(24, '-') });
  await socket.frame('welcome');
  return socket;
}
