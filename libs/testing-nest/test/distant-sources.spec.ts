import { afterEach, expect, test } from '@jest/globals';
import { OnTopic, RealtimeHandlers, RealtimeModule, topicLease } from '@statewire/nest';
import { stateTopic } from '@statewire/protocol';
import { map, type Observable, timer } from 'rxjs';

import { simulate, type DistantNode, type Simulation, type StateWatch } from '../src/index.js';

const ticks = stateTopic<number>()('ticks');

/** What a database would keep. Each process counts on from there. */
const saved = { ticks: 0 };

@RealtimeHandlers()
class Ticks {
  @OnTopic(ticks)
  ticks(): Observable<number> {
    return timer(0, 1_000).pipe(map(() => ++saved.ticks));
  }
}

let simulation: Simulation;

async function start(): Promise<StateWatch<number>> {
  saved.ticks = 0;
  simulation = await simulate({
    imports: [RealtimeModule.forRoot({ drain: { windowMs: 0 } })],
    providers: [Ticks],
    keepBroker: true,
    seed: 3,
  });
  simulation.brokerLink.latency(5);
  const page = simulation.connect().watch(ticks.with());
  await page.shows((value) => value >= 3);
  return page;
}

function otherNode(): DistantNode {
  return simulation.broker.connect({
    environment: simulation.server.process,
    history: { count: 100, bytes: 1_000_000, ageMs: 300_000 },
    actionWindowMs: 60_000,
    log: { error: (_event, error) => expect(error).toBeUndefined() },
  });
}

function expectNoStepBack(page: StateWatch<number>): void {
  const values = page.states.flatMap(({ value }) => value ?? []);
  expect(values).toEqual([...values].sort((a, b) => a - b));
}

afterEach(() => simulation.close());

test('a source starts on the next server at once after a shutdown', async () => {
  const page = await start();
  const before = saved.ticks;
  await simulation.server.restart();
  await page.shows((value) => value > before, 1_500);
  expectNoStepBack(page);
});

test('a source starts on the next server after a crash when its lease has expired', async () => {
  const page = await start();
  const before = saved.ticks;
  simulation.server.crash();
  await simulation.server.start();
  await page.shows((value) => value > before, 8_000);
  expectNoStepBack(page);
});

test('a topic with a source has no other writer in the cluster', async () => {
  const page = await start();
  const other = otherNode();
  const publication = { kind: 'state', id: 'other', data: '-1' } as const;
  await expect(simulation.outcome(other.publish('ticks', publication))).rejects.toMatchObject({ code: 'fenced' });
  await simulation.clock.advance(2_000);
  expectNoStepBack(page);
});

test('a server that lost its broker stops its source before another node may start one', async () => {
  const page = await start();
  const other = otherNode();
  let isTaken = false;
  const taken = other.lease(topicLease('ticks'), { signal: new AbortController().signal });
  void taken.then(() => (isTaken = true));
  simulation.brokerLink.unreachable();
  await simulation.until(() => isTaken, 'the other node to get the lease', 8_000);
  const stopped = saved.ticks;
  await simulation.clock.advance(3_000);
  expect(saved.ticks).toBe(stopped);
  const lease = await taken;
  const publication = { kind: 'state', id: 'other', data: '1000' } as const;
  const options = { fence: lease!.token, startsEpoch: true };
  await simulation.outcome(other.publish('ticks', publication, options));
  simulation.brokerLink.restore();
  await page.shows((value) => value === 1_000, 5_000);
  expectNoStepBack(page);
  await simulation.clock.advance(5_000);
  expect(page.value).toBe(1_000);
  saved.ticks = 2_000;
  await simulation.outcome(lease!.release());
  await page.shows((value) => value > 2_000, 1_500);
  expectNoStepBack(page);
});

test('a source goes on after its broker lost everything', async () => {
  const page = await start();
  const before = saved.ticks;
  simulation.broker.flush();
  await page.shows((value) => value > before + 3, 8_000);
  await page.live();
  expectNoStepBack(page);
});

test('a source goes on after its broker lost publications', async () => {
  const page = await start();
  const before = saved.ticks;
  await simulation.broker.rollBack('ticks', 1);
  await page.shows((value) => value > before + 3, 8_000);
  await page.live();
});
