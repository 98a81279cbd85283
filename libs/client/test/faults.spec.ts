import { describe, expect, test } from '@jest/globals';
import { action } from '@statewire/protocol';
import fc from 'fast-check';

import type { EventDelivery, TopicState } from '../src/index.js';
import { battle, battleAt, notices, setUp, type Battle } from './support/bench.js';
import { FAULTS, history } from './support/faults.js';

const full = process.env.STATEWIRE_TEST_TIER === 'full';

const count = action<{ n: number }, number>('count');

/** Runs a history of faults with a changing battle and returns the values of the application. */
async function play(faults: readonly (readonly [string, number])[], seed: number) {
  const setup = setUp({}, { seed, latency: 20, heartbeat: { interval: 2_000, timeout: 1_000 }, history: 10_000 });
  const { environment, server, client } = setup;
  const truth = new Map<string, Battle>();
  const states: TopicState<Battle>[] = [];
  const deliveries: EventDelivery<string>[] = [];
  const answers: unknown[] = [];
  let runs = 0;
  server.declare(notices);
  server.handle(count.name, () => (runs += 1));
  client.topic(battle).subscribe((state) => states.push(state));
  client.deliveries(notices).subscribe((delivery) => deliveries.push(delivery));

  const remember = () => {
    const { epoch, offset } = server.position(battle);
    const value = server.value(battle);
    if (value !== undefined) truth.set(`${epoch}:${offset}`, value);
  };
  await environment.advance(200);
  let n = 0;
  let acted = 0;
  const pass = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 100) {
      n += 1;
      server.publish(battle, battleAt(n));
      remember();
      server.publish(notices, `event ${n}`);
      if (n % 20 === 0) {
        acted += 1;
        client.act(count, { n }, { expiresAfterMs: 0 }).subscribe({
          next: (result) => answers.push(result),
          error: ({ code }) => answers.push(code),
        });
      }
      await environment.advance(100);
    }
  };
  for (const [name, ms] of faults) {
    FAULTS[name]!(setup);
    remember();
    await pass(ms);
  }
  server.upgrades('pass');
  server.http('pass');
  server.isWebSocketOn = true;
  server.restore();
  await environment.advance(70_000);
  return { ...setup, truth, states, deliveries, answers, runs: () => runs, acted, n };
}

describe('R1: random faults on virtual time', () => {
  test("every value equals the server's at its position, positions never go back, events are complete, actions run once", async () => {
    await fc.assert(
      fc.asyncProperty(history, fc.integer({ min: 0, max: 1e6 }), async (faults, seed) => {
        const { client, server, truth, states, deliveries, answers, acted, runs, n, environment } = await play(
          faults,
          seed,
        );
        expect(client.status.state).toBe('live');
        expect(states.at(-1)).toMatchObject({
          value: server.value(battle),
          position: server.position(battle),
          freshness: { state: 'live' },
        });
        const tops = new Map<string, number>();
        for (const { value, position } of states) {
          if (position === undefined || value === undefined) continue;
          expect(value).toEqual(truth.get(`${position.epoch}:${position.offset}`));
          expect(position.offset).toBeGreaterThanOrEqual(tops.get(position.epoch) ?? 0);
          tops.set(position.epoch, position.offset);
        }
        expect(deliveries.map((delivery) => delivery.type === 'event' && delivery.data)).toEqual(
          Array.from({ length: n }, (_, i) => `event ${i + 1}`),
        );
        expect(answers).toHaveLength(acted);
        expect(runs()).toBe(acted);
        expect(server.connections.length).toBe(1);
        client.close();
        await environment.advance(60_000);
        expect(environment.timers).toBe(0);
      }),
      { numRuns: full ? 5_000 : 25 },
    );
  });
});
