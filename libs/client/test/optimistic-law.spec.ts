import { action, type Position } from '@statewire/protocol';
import { expect, test } from '@jest/globals';
import { FakeActionError } from '@statewire/testing';
import fc from 'fast-check';

import type { TopicState } from '../src/index.js';
import { battle, battleAt, setUp, type Battle, type Setup } from './support/bench.js';
import { FAULTS, history } from './support/faults.js';

const full = process.env.STATEWIRE_TEST_TIER === 'full';

type Kind = 'publishes' | 'publishes late' | 'does not publish' | 'is rejected' | 'is never answered';

const KINDS: readonly Kind[] = [
  'publishes',
  'publishes late',
  'does not publish',
  'is rejected',
  'publishes',
  'is never answered',
];

const strike = action<{ mark: string; kind: Kind }, void>('strike');

/** One action as the observer of everything knows it. */
interface Strike {
  readonly mark: string;
  /** The positions of the topic in its acks, one for each sending; undefined without a position. */
  readonly effects: (Position | undefined)[];
  isAnswered: boolean;
  hasTakenEffect: boolean;
}

/** Holds every state that is shown against the truth at its position and the actions that are under way. */
class Oracle {
  readonly strikes: Strike[] = [];
  readonly violations: string[] = [];
  private readonly truth = new Map<string, Battle>();

  remember({ server }: Setup): void {
    const value = server.value(battle);
    const { epoch, offset } = server.position(battle);
    if (value !== undefined) this.truth.set(`${epoch}:${offset}`, value);
  }

  judge({ value, confirmed, pending, position }: TopicState<Battle>): void {
    if (position === undefined || confirmed === undefined || value === undefined) return;
    expect(confirmed).toEqual(this.truth.get(`${position.epoch}:${position.offset}`));
    const marks = value.heroes.slice(confirmed.heroes.length).map(({ name }) => name);
    expect(value).toEqual({ ...confirmed, heroes: [...confirmed.heroes, ...marks.map(marked)] });
    expect(marks).toHaveLength(pending);
    expect(marks).toEqual(this.strikes.map(({ mark }) => mark).filter((mark) => marks.includes(mark)));
    for (const made of this.strikes) this.judgeOne(made, marks.includes(made.mark), position);
  }

  private judgeOne(made: Strike, isShown: boolean, position: Position): void {
    const { mark, effects } = made;
    const [effect] = effects;
    // Which of two different answers came first is not known here.
    if (effects.some((other) => other?.offset !== effect?.offset)) return;
    if (!made.isAnswered) {
      // Dropped with the answer in the same turn.
      if (!isShown) queueMicrotask(() => made.isAnswered || this.violations.push(`${mark} went before its answer`));
      return;
    }
    if (!made.hasTakenEffect || effect === undefined) {
      if (isShown) this.violations.push(`${mark} stayed without an effect to wait for`);
    } else if (effect.epoch === position.epoch && isShown !== position.offset < effect.offset) {
      this.violations.push(
        `${mark} with effect ${effect.offset} is ${isShown ? '' : 'not '}shown at ${position.offset}`,
      );
    }
  }
}

const marked = (name: string) => ({ name, hp: 0 });

async function play(faults: readonly (readonly [string, number])[], seed: number, overPolling: boolean) {
  const setup = setUp(
    { onError: fail, ...(overPolling && { environment: { openWebSocket: undefined } }) },
    { seed, latency: 20, heartbeat: { interval: 2_000, timeout: 1_000 }, history: 10_000, actionWindow: 5_000 },
  );
  const { environment, server, client } = setup;
  const oracle = new Oracle();
  let last: TopicState<Battle> | undefined;
  let n = 0;
  const publish = () => {
    server.publish(battle, battleAt(++n));
    oracle.remember(setup);
  };
  server.handle(strike.name, async ({ kind }: { kind: Kind }) => {
    if (kind === 'is rejected') throw new FakeActionError('forbidden');
    if (kind === 'is never answered') return new Promise(() => undefined);
    if (kind === 'publishes late') await new Promise<void>((resolve) => void environment.setTimer(resolve, 700));
    if (kind !== 'does not publish') publish();
    return undefined;
  });
  const answer = server.actions.act.bind(server.actions);
  server.actions.act = (invocation, positions, isVisible, reply) =>
    answer(invocation, positions, isVisible, (frame) => {
      const { mark } = invocation.data as { mark: string };
      const made = oracle.strikes.find((one) => one.mark === mark);
      if (frame.type === 'ack') made?.effects.push(frame.positions?.find(({ topic }) => topic === battle.name));
      reply(frame);
    });
  const act = () => {
    const mark = `mark ${oracle.strikes.length}`;
    const made: Strike = { mark, effects: [], isAnswered: false, hasTakenEffect: false };
    oracle.strikes.push(made);
    const kind = KINDS[Math.floor(environment.random() * KINDS.length)]!;
    const update = (value: Battle) => ({ ...value, heroes: [...value.heroes, marked(mark)] });
    client.act(strike, { mark, kind }, { optimistic: [battle, update] }).subscribe({
      complete: () => Object.assign(made, { isAnswered: true, hasTakenEffect: true }),
      error: () => Object.assign(made, { isAnswered: true }),
    });
  };
  publish();
  client.topic(battle).subscribe((state) => {
    last = state;
    try {
      oracle.judge(state);
    } catch (error) {
      oracle.violations.push(String(error));
    }
  });
  await environment.advance(200);
  for (const [name, ms] of faults) {
    FAULTS[name]!(setup);
    oracle.remember(setup);
    for (let passed = 0; passed < ms; passed += 100) {
      if (environment.random() < 0.5) publish();
      if (environment.random() < 0.2) act();
      await environment.advance(100);
    }
  }
  server.upgrades('pass');
  server.http('pass');
  server.isWebSocketOn = true;
  server.restore();
  await environment.advance(70_000);
  server.cut();
  await environment.advance(70_000);
  return { setup, oracle, last };
}

function fail(error: unknown): void {
  throw error;
}

test("in random histories the shown value is the server's value with the pending updates on top", async () => {
  await fc.assert(
    fc.asyncProperty(history, fc.integer({ min: 0, max: 1e6 }), fc.boolean(), async (faults, seed, overPolling) => {
      const { setup, oracle, last } = await play(faults, seed, overPolling);
      const { client, server, environment } = setup;
      expect(oracle.violations).toEqual([]);
      expect(last).toMatchObject({
        value: server.value(battle),
        confirmed: server.value(battle),
        pending: 0,
        position: server.position(battle),
        freshness: { state: 'live' },
      });
      expect(oracle.strikes.every(({ isAnswered }) => isAnswered)).toBe(true);
      client.close();
      await environment.advance(60_000);
      expect(environment.timers).toBe(0);
    }),
    { numRuns: full ? 2_000 : 10 },
  );
});
