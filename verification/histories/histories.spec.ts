import { join } from 'node:path';

import { describe, expect, test } from '@jest/globals';

import { runChild } from '../support/run-child.js';
import { checkHistories } from './check-histories.js';
import type { Command } from './command.js';
import { play, type HistoryPlan } from './history.js';

const RUN = join(import.meta.dirname, 'run.mjs');
const LONG = process.env['STATEWIRE_SLICE'] === 'true' ? '1000' : '2000';
const HISTORIES = process.env['STATEWIRE_HISTORIES'] || (process.env['STATEWIRE_TEST_TIER'] === 'full' ? LONG : '100');
const ONE_DAY = 86_400_000;

describe('histories', () => {
  test(
    'R1, R5, R15, R18: every history keeps all guarantees, and every page is current at the end',
    async () => {
      expect(await runChild(RUN, '--histories', HISTORIES)).toEqual([{ played: Number(HISTORIES) }]);
    },
    ONE_DAY,
  );

  test('a failure has the broken guarantee, the seed and the shortest failing history', async () => {
    const breaks = async ({ commands, pages }: HistoryPlan) => {
      const actions = commands.filter(({ name }) => name === 'act').length;
      if (actions >= 2 && pages === 2) throw new Error(`broken by ${actions} actions`);
      return Promise.resolve({ duration: 0 });
    };
    const failure = checkHistories(2_000, 7, breaks).catch((error: unknown) => (error as Error).message);
    const message = String(await failure);
    expect(message).toMatch(/^Error: broken by 2 actions\n/);
    expect(message).toContain('seed: 7');
    const command = '{"name":"act","page":0,"size":0,"pause":0}';
    expect(message).toContain(
      `that still fails: {"seed":0,"pages":2,"keepBroker":false,"tick":50,"commands":[${command},${command}]}\n`,
    );
    expect(message).toMatch(/npm run simulate -- --histories 2000 --seed 7 plays it again\.$/);
  });

  test('the same seed gives the same history, to the byte and to the microsecond', async () => {
    const names: Command['name'][] = [
      'publish',
      'cut after bytes',
      'act',
      'latency',
      'freeze',
      'restart',
      'duplicate',
      'hang upgrades',
    ];
    const commands = names.map((name, index): Command => ({ name, page: index % 2, size: 37, pause: 700 }));
    const plan = { pages: 2, keepBroker: false, tick: 100, commands };
    const [one, again, other] = [
      await play({ ...plan, seed: 5 }),
      await play({ ...plan, seed: 5 }),
      await play({ ...plan, seed: 6 }),
    ];
    expect(one.trace.length).toBeGreaterThan(100);
    expect(again).toEqual(one);
    expect(other.trace).not.toEqual(one.trace);
  });
});
