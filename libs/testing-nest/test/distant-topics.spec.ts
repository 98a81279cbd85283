import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { NewPublication, RealtimeModuleOptions, TopicHistory } from '@statewire/nest';
import { applyDelta, diff, type Json, type Position } from '@statewire/protocol';

import type { DistantNode, SimulatedClient, Simulation, StateWatch } from '../src/index.js';
import { Battles, first, log, simulateBattles, strike } from './support/battle-application.js';

/** Milliseconds from the server to the broker, and back. */
const LATENCY_MS = 5;

let simulation: Simulation;
let battles: Battles;
let client: SimulatedClient;
/** Another node of the cluster. */
let other: DistantNode;
let ids = 0;

/** Makes deltas smaller than values, so that they are sent. */
const LONG_TEXT = 'x'.repeat(2_000);

type Rounds = { readonly round: number } & { readonly [field: string]: Json };

/** The value that a history gives, if it has one. */
function valueOf({ base, publications }: TopicHistory): Rounds | undefined {
  let value = base && (JSON.parse(base.data) as Json);
  for (const { data, delta, offset } of publications) {
    if (value === undefined || offset <= base!.offset) continue;
    value = (JSON.parse(data ?? 'null') as Json | null) ?? applyDelta(value, JSON.parse(delta!) as Json);
  }
  return value as Rounds | undefined;
}

/** Publishes a delta on another node. The value has a field of each round that led to it, so that no wrong base fits. */
async function publishRound(round: number): Promise<Position> {
  const history = await simulation.outcome(other.read(first.name, 'state'));
  const before = valueOf(history);
  const value: Rounds = { ...before, text: LONG_TEXT, round, [`after${before?.round}`]: round };
  const publication: NewPublication = { kind: 'state', id: `other-${ids++}`, data: JSON.stringify(value) };
  const delta = before && JSON.stringify(diff(before, value));
  const patch = delta && { patch: { base: history.id, delta } };
  return simulation.outcome(other.publish(first.name, { ...publication, ...patch }));
}

async function follow(): Promise<StateWatch<{ round: number }>> {
  const page = client.watch(first);
  await page.live();
  return page;
}

async function expectCurrent(page: StateWatch<{ round: number }>): Promise<void> {
  await page.live();
  const history = await simulation.outcome(other.read(first.name, 'state'));
  expect(page.value).toEqual(valueOf(history));
  expect(page.position).toEqual({ epoch: history.epoch, offset: history.offset });
}

async function open(options: RealtimeModuleOptions = {}): Promise<void> {
  battles = new Battles();
  simulation = await simulateBattles(battles, options, { keepBroker: true, seed: 7 });
  simulation.brokerLink.latency(LATENCY_MS);
  other = simulation.broker.connect({
    environment: simulation.server.process,
    history: { count: 100, bytes: 1_000_000, ageMs: 300_000 },
    actionWindowMs: 60_000,
    log: { error: (_event, error) => expect(error).toBeUndefined() },
  });
  client = simulation.connect();
}

beforeEach(() => open());

afterEach(() => simulation.close());

describe('a topic whose broker is a network away', () => {
  test.each([
    ['a reader', true],
    ['no reader', false],
  ])('keeps the deltas of publications of one turn with %s on the node', async (_, hasReader) => {
    if (hasReader) await follow();
    const { bus } = simulation.server;
    const text = 'x'.repeat(200);
    const values = [1, 2, 3, 4, 5].map((n) => ({ round: n, text }));
    await simulation.outcome(Promise.all(values.map((value) => bus.publish(first, value))));
    const { offset, publications } = await simulation.outcome(other.read(first.name, 'state', { above: 0 }));
    expect(publications.slice(-4).map(({ data }) => data)).toEqual([undefined, undefined, undefined, undefined]);
    expect(publications.slice(-4).every(({ delta }) => delta !== undefined)).toBe(true);
    expect(offset).toBe(hasReader ? 6 : 5);
  });

  test.each(Array.from({ length: 16 }, (_, n) => n * 5))(
    'does not lose a publication of another node to the loader, %d ms after the first subscription',
    async (ms) => {
      const page = client.watch(first);
      await simulation.clock.advance(ms);
      await publishRound(9);
      await page.shows(({ round: shown }) => shown === 9, 2_000);
      await simulation.clock.advance(2_000);
      expect(page.value!.round).toBe(9);
      await expectCurrent(page);
    },
  );

  test('notices a lost message with the next publication', async () => {
    const page = await follow();
    simulation.brokerLink.loseMessage();
    await publishRound(2);
    await publishRound(3);
    await page.shows(({ round: shown }) => shown === 3, 2_000);
    await expectCurrent(page);
  });
});

describe('a server that lost its broker', () => {
  test.each(['unreachable', 'blackhole'] as const)(
    'tells its clients within 4 s that values are stale, and is live again soon after (%s)',
    async (fault) => {
      const page = await follow();
      simulation.brokerLink[fault]();
      await simulation.clock.advance(4_000);
      expect(page.state?.freshness.state).toBe('stale');
      expect(page.value).toEqual({ round: 1 });
      await publishRound(2);
      await simulation.clock.advance(10_000);
      expect(page.value).toEqual({ round: 1 });
      simulation.brokerLink.restore();
      await page.live(2_000);
      await expectCurrent(page);
      expect(page.value!.round).toBe(2);
      expect(page.states.every(({ value, position }) => position === undefined || value !== undefined)).toBe(true);
    },
  );

  test('says so to a client that connects meanwhile, if it has the value', async () => {
    await follow();
    simulation.brokerLink.unreachable();
    await simulation.clock.advance(1_000);
    const late = simulation.connect().watch(first);
    await late.shows(({ round: shown }) => shown === 1, 5_000);
    expect(late.state?.freshness.state).toBe('stale');
    simulation.brokerLink.restore();
    await late.live(5_000);
  });

  test.each([1, 2.5, 4, 10, 40])(
    'shows no wrong value after %d s without it while another node publishes',
    async (s) => {
      const page = await follow();
      const events = client.listen(log.with());
      await simulation.clock.advance(1_000);
      simulation.brokerLink.freeze(s * 1_000);
      const stored = new Map<string, number>();
      const texts: string[] = [];
      for (let n = 2; n < 2 + s * 10; n++) {
        const { epoch, offset } = await publishRound(n);
        stored.set(`${epoch} ${offset}`, n);
        texts.push(`text ${n}`);
        const data = JSON.stringify(`text ${n}`);
        await simulation.outcome(other.publish(log.with().name, { kind: 'events', id: `other-${ids++}`, data }));
        await simulation.clock.advance(98);
      }
      await simulation.clock.advance(3_000);
      await expectCurrent(page);
      for (const { value, position } of page.states) {
        const known = position && stored.get(`${position.epoch} ${position.offset}`);
        if (known !== undefined) expect(value?.round).toBe(known);
      }
      const heard = events.deliveries.flatMap((delivery) => (delivery.type === 'event' ? [delivery.data] : []));
      expect(heard).toEqual(texts);
    },
  );

  test('keeps what it publishes itself, the newest value of each topic, and stores it after the outage', async () => {
    const page = await follow();
    simulation.brokerLink.unreachable();
    const publishing = [2, 3, 4].map((n) => simulation.server.bus.publish(first, { round: n }));
    await simulation.clock.advance(10_000);
    simulation.brokerLink.restore();
    await simulation.outcome(Promise.all(publishing));
    await page.shows(({ round: shown }) => shown === 4, 2_000);
    await expectCurrent(page);
  });

  test('answers actions after the outage, and runs each once', async () => {
    await follow();
    simulation.brokerLink.unreachable();
    const answer = client.act(strike, { by: 2 });
    await simulation.clock.advance(20_000);
    expect(battles.strikes).toBe(0);
    simulation.brokerLink.restore();
    expect(await answer).toBe(3);
    expect(battles.strikes).toBe(1);
  });
});

describe('a broker that lost publications', () => {
  async function reach(round_: number): Promise<StateWatch<{ round: number }>> {
    const page = await follow();
    for (let n = 2; n <= round_; n++) await publishRound(n);
    await page.shows(({ round: shown }) => shown === round_);
    return page;
  }

  test('is noticed although nobody publishes, and readers get its value in a new epoch', async () => {
    const page = await reach(5);
    const before = page.position!;
    await simulation.broker.rollBack(first.name, 3);
    await page.shows(({ round: shown }) => shown === 3, 5_000);
    await expectCurrent(page);
    expect(page.position!.epoch).not.toBe(before.epoch);
    await publishRound(6);
    await page.shows(({ round: shown }) => shown === 6, 2_000);
    await expectCurrent(page);
  });

  test.each([1, 2, 3, 5, 8])(
    'is noticed although it gave %d offsets out again while the node was cut off',
    async (again) => {
      const page = await reach(5);
      simulation.brokerLink.unreachable();
      await simulation.broker.rollBack(first.name, 3);
      for (let n = 1; n <= again; n++) await publishRound(100 + n);
      simulation.brokerLink.restore();
      await page.shows(({ round: shown }) => shown === 100 + again, 5_000);
      await expectCurrent(page);
      await publishRound(200);
      await page.shows(({ round: shown }) => shown === 200, 2_000);
      await expectCurrent(page);
    },
  );

  test('is noticed although its history begins right after the position of the node', async () => {
    await simulation.close();
    await open({ history: { count: 3 } });
    const page = await reach(5);
    simulation.brokerLink.unreachable();
    await simulation.broker.rollBack(first.name, 3);
    for (let n = 1; n <= 5; n++) await publishRound(100 + n);
    simulation.brokerLink.restore();
    await page.shows(({ round: shown }) => shown === 105, 5_000);
    await expectCurrent(page);
  });

  test.each([0, 1, 2])('is noticed behind a proxy although %d messages about it are lost, too', async (lost) => {
    const page = await reach(5);
    await simulation.broker.rollBack(first.name, 3, { keepsConnections: true });
    for (let n = 0; n < lost; n++) simulation.brokerLink.loseMessage();
    for (let n = 1; n <= 4; n++) await publishRound(100 + n);
    await page.shows(({ round: shown }) => shown === 104, 2_000);
    await expectCurrent(page);
  });

  test('leaves no page without a value', async () => {
    const page = await reach(5);
    const known = page.states.length;
    await simulation.broker.rollBack(first.name, 3);
    await publishRound(6);
    await simulation.clock.advance(5_000);
    await expectCurrent(page);
    expect(page.states.slice(known).map(({ value }) => value)).not.toContain(undefined);
  });

  test('that lost everything gets the value of the loader again', async () => {
    const page = await reach(5);
    battles.round = 7;
    simulation.broker.flush();
    await page.shows(({ round: shown }) => shown === 7, 5_000);
    await expectCurrent(page);
  });
});
