import { expect } from '@jest/globals';
import { createRealtimeClient, type RealtimeClient } from '@statewire/client';

import { field, isGenuine, log } from '../support/busy/contract.js';
import { BusyServer } from '../support/busy/busy-server.js';
import { footprint } from '../support/busy/footprint.js';
import { FaultProxy } from '../support/fault-proxy/index.js';
import { Oracle } from '../support/oracle/index.js';
import { seeded, type Seeded } from '../support/seed.js';
import { until } from '../support/until.js';
import { actAtTimes } from '../support/acting.js';
import { breakSomething } from './random-breaking.js';

export interface RandomFaults {
  readonly clients: number;
  /** Of each kind; every client follows two of each. */
  readonly topics: number;
  /** Milliseconds of faults. */
  readonly duration: number;
  /** Mean milliseconds between two faults. */
  readonly pause: number;
}

interface Outcome {
  readonly violations: readonly string[];
  /** Values and events that were held against the truth. */
  readonly checked: number;
  /** Times events were lost beyond history. */
  readonly losses: number;
  readonly faults: ReadonlyMap<string, number>;
  /** Milliseconds until everybody was where the server was, once the network was well. */
  readonly converged: number;
  readonly actions: { readonly sent: number; readonly answered: number; readonly failed: readonly string[] };
  /** Actions that took effect more or less than once. */
  readonly notOnce: readonly string[];
  /** MiB of the heap, in use in the first quarter and at the end. */
  readonly heap: readonly [number, number];
  /** Connections that the server had when all had left. */
  readonly left: number;
  readonly complaints: readonly string[];
}

const PERIOD = 100;
const HEARTBEAT = { interval: 1_000, timeout: 500 };
/** Plays them, prints what happened, and holds it against the oracle. */
export async function holdAgainstRandomFaults(options: RandomFaults): Promise<void> {
  const outcome = await play(options);
  const { violations, losses, actions, notOnce, left, heap, checked, converged, faults, complaints } = outcome;
  process.stdout.write(
    `R1: ${checked} values checked, ${actions.sent} actions, converged in ${Math.round(converged)} ms, ` +
      `heap ${heap.map((mib) => mib.toFixed(1)).join(' → ')} MiB; ${JSON.stringify(Object.fromEntries(faults))}\n`,
  );
  expect(violations).toEqual([]);
  expect(losses).toBe(0);
  expect(actions.failed).toEqual([]);
  expect(actions.answered).toBe(actions.sent);
  expect(notOnce).toEqual([]);
  expect(left).toBe(0);
  expect(checked).toBeGreaterThan(options.duration / 20);
  // The oracle itself remembers what was published, and the server its history.
  expect(heap[1]).toBeLessThan(heap[0] + 16 + checked / 10_000);
  expect(complaints.filter((line) => /uncaught|unhandled|internal/i.test(line))).toEqual([]);
}

/** Many clients of many moving topics, behind a network that breaks all the time. */
async function play(options: RandomFaults): Promise<Outcome> {
  const random = seeded('R1');
  const oracle = new Oracle({ isGenuine });
  const { topics, clients } = options;
  const server = await BusyServer.start(
    { topics, period: PERIOD, onPublished: (topic, position, data) => oracle.published(topic, position, data) },
    { heartbeat: HEARTBEAT, history: { count: 10_000, bytes: 0 } },
  );
  const proxy = await FaultProxy.start(server.port, { random: random.random });
  const all = Array.from({ length: clients }, (_, n) => follow(n, topics, proxy.origin, oracle));
  const acting = actAtTimes(all);
  try {
    const [faults, early] = await breakFor(options, proxy, random);
    server.world.rest();
    await server.world.publish();
    // Whoever never saw an event of a topic, in a network that was never well for long, learns of it by the next one.
    await until(
      () => all.every(({ status }) => status.state === 'live'),
      () => JSON.stringify(all.map(({ status }) => status.state)),
      20_000,
    );
    await server.world.publish();
    const converged = await oracle.converged(server.world.tops, 20_000);
    const actions = await acting.end();
    const heap = [early, footprint().heap] as const;
    for (const client of all) client.close();
    await untilEmpty(server);
    const left = server.connections.list().length;
    const done = [...server.world.done];
    const notOnce = [
      ...[...acting.answered].filter((key) => server.world.done.get(key) !== 1),
      ...done.filter(([, times]) => times > 1).map(([key]) => key),
    ];
    const { violations, checked, losses } = oracle;
    const { complaints } = server;
    return { violations, checked, losses, faults, converged, actions, notOnce, heap, left, complaints };
  } finally {
    acting.stop();
    for (const client of all) client.close();
    await proxy.stop();
    await server.stop();
  }
}

/** Resolves, when all is well again, with what happened, and the heap after the first quarter. */
async function breakFor(
  { duration, pause }: RandomFaults,
  proxy: FaultProxy,
  random: Seeded,
): Promise<readonly [ReadonlyMap<string, number>, number]> {
  const faults = new Map<string, number>();
  const began = performance.now();
  let early = 0;
  while (performance.now() - began < duration) {
    await new Promise((resolve) => setTimeout(resolve, random.random() * 2 * pause));
    const kind = breakSomething(proxy, random);
    faults.set(kind, (faults.get(kind) ?? 0) + 1);
    if (early === 0 && performance.now() - began > duration / 4) early = footprint().heap;
  }
  proxy.heal();
  for (const [fate, times] of proxy.done) faults.set(String(fate), times);
  return [faults, early];
}

function follow(n: number, topics: number, origin: string, oracle: Oracle): RealtimeClient {
  const client = createRealtimeClient({
    origin,
    polling: { interval: 200 },
    backoff: { network: 50, server: 50, overload: 50, cap: 400 },
    environment: { openWebSocket: oracle.openWebSocket },
  });
  for (const offset of [0, 1]) {
    const id = String((n + offset) % topics);
    oracle.followState(`client ${n}`, client, field.with({ id }));
    oracle.followEvents(`client ${n}`, client, log.with({ id }));
  }
  return client;
}

async function untilEmpty(server: BusyServer): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (server.connections.list().length > 0 && performance.now() < deadline)
    await new Promise((resolve) => setTimeout(resolve, 20));
}
