import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import { BusyProcess } from './support/busy/busy-process.js';
import { CrowdProcess } from './support/crowd-process.js';
import type { Observation } from './support/crowd.js';
import { NetworkLink, type End } from './support/network-link.js';
import { until } from './support/until.js';

const CLIENTS = 4;
const TOPICS = 2;
const HEARTBEAT = { intervalMs: 1_000, timeoutMs: 500 };
/** A busy machine may need ten times as long. Without a heartbeat TCP would need 15 minutes. */
const ALLOWED = 10 * (HEARTBEAT.intervalMs + HEARTBEAT.timeoutMs);
const ENDS: readonly End[] = ['client', 'server'];

const whyNot = NetworkLink.whyNot();
const where = whyNot === undefined ? '' : ` (skipped, as no network namespace can be made: ${whyNot})`;
const test = whyNot === undefined ? it : it.skip;
// The reporter is silent about a spec in which everything is skipped.
if (whyNot !== undefined) process.stdout.write(`R8 is skipped: ${whyNot}\n`);

describe(`R8: between two network namespaces${where}, a link that goes down`, () => {
  let folder: string;
  let link: NetworkLink;
  let server: BusyProcess;
  let clients: CrowdProcess;

  /** Functions that undo the setup, even if it failed halfway. */
  let undo: (() => unknown)[] = [];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'statewire-link-'));
    undo.push(() => rm(folder, { recursive: true }));
    link = await NetworkLink.connect();
    undo.push(() => link.destroy());
    const world = { topics: TOPICS, period: 100, workFile: join(folder, 'work') };
    const realtime = { heartbeat: HEARTBEAT, history: { count: 10_000, bytes: 0 } };
    clients = new CrowdProcess('', { within: link.at('client') });
    undo.push(() => clients.process.destroy());
    server = await BusyProcess.start({ world, realtime, host: '0.0.0.0' }, { within: link.at('server') });
    undo.push(() => server.process.destroy());
    await clients.crowd.redirect(`http://${link.addresses.server}:${server.port}`);
  });

  afterEach(async () => {
    for (const each of undo.reverse()) await each();
    undo = [];
  });

  test('at either end is noticed by every client and by the server, and nothing is lost or repeated', async () => {
    const { crowd } = clients;
    const backoff = { networkMs: 100, serverMs: 100, maxMs: 500 };
    await crowd.connect({ clients: CLIENTS, topics: TOPICS, client: { backoff, polling: { intervalMs: 200 } } });
    await crowd.actAtTimes();
    await until(
      async () => (await crowd.report()).checked > 20 * CLIENTS,
      () => 'nothing moves',
    );
    for (const end of ENDS) await goDown(end);
    const acted = await crowd.acted();
    await crowd.converged([...(await server.stopPublishing())]);
    const { violations, losses } = await crowd.report();
    const done = (await readFile(join(folder, 'work'), 'utf8')).trim().split('\n');

    expect({ violations, losses }).toEqual({ violations: [], losses: 0 });
    expect(acted.sent).toBeGreaterThan(0);
    expect(acted).toEqual({ sent: acted.sent, answered: acted.sent, failed: [] });
    const asked = acted.sent + ENDS.length * CLIENTS;
    expect([new Set(done).size, done.length]).toEqual([asked, asked]);
    expect((await server.load()).connections).toBe(CLIENTS);
    expect(server.process.output).not.toMatch(/\bERROR\b/);
  });

  /** Takes the link down at this end until every client has noticed. */
  async function goDown(end: End): Promise<void> {
    const { crowd } = clients;
    await crowd.act(`while it goes down at the ${end}`, { waits: true });
    await until(
      async () => (await server.load()).waiting === CLIENTS,
      () => 'not every action waits',
    );
    const down = Date.now();
    link.down(end);
    await until(
      async () => (await server.load()).connections === 0,
      () => 'the server keeps connections',
    );
    const freed = Date.now() - down;
    await server.release();
    let observations: readonly Observation[] = [];
    const after = (fits: (state: string) => boolean) => firstTimes(observations, down, fits);
    await until(
      async () => {
        ({ observations } = await crowd.report());
        return [...after(isElsewhere), ...after(isStale)].every(Number.isFinite);
      },
      () => 'not every client says so',
    );
    const states = lastStates(observations);
    link.up(end);
    await until(
      async () => lastStates((await crowd.report()).observations).every((state) => state === 'live'),
      () => 'not everybody is back',
    );

    for (const took of [freed, ...after(isElsewhere), ...after(isStale)]) expect(took).toBeLessThan(ALLOWED);
    // The link lost the answers. The clients sent the actions again, and each of them ran once.
    expect(await crowd.outcomes()).toEqual(Array<string>(CLIENTS).fill('acknowledged'));
    // No client claims to be live while the link is down.
    expect(states).not.toContain('live');
  }
});

function isElsewhere(state: string): boolean {
  return ['polling', 'offline', 'connecting'].includes(state);
}

function isStale(state: string): boolean {
  return state === 'value stale';
}

/** For each client, the milliseconds until its first matching status; Infinity if there is none. */
function firstTimes(
  observations: readonly Observation[],
  from: number,
  fits: (state: string) => boolean,
): readonly number[] {
  return Array.from({ length: CLIENTS }, (_, n) => {
    const found = observations.find(({ at, client, state }) => client === n && at >= from && fits(state));
    return (found?.at ?? Infinity) - from;
  });
}

/** The state of each client's connection. */
function lastStates(observations: readonly Observation[]): readonly string[] {
  return Array.from(
    { length: CLIENTS },
    (_, n) => observations.findLast(({ client, state }) => client === n && !state.startsWith('value'))?.state ?? '',
  );
}
