import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { fighters, play, someBattle } from '../testing/battles.js';
import { advance, pause, resume, setSpeed } from './advance.js';
import type { BattleState } from './battle-state.js';
import { LAST_TICK } from './rules.js';

const battles = fc
  .record({ seed: fc.integer(), depth: fc.nat(5), boss: fc.boolean(), sturdiness: fc.integer({ min: 1, max: 4 }) })
  .map(({ seed, ...options }) => someBattle(seed, options));

type Command = (state: BattleState) => BattleState;

const commands = fc.array(
  fc.tuple(
    fc.nat(80),
    fc.constantFrom<Command>(
      pause,
      resume,
      (state) => setSpeed(state, 1),
      (state) => setSpeed(state, 2),
      (state) => setSpeed(state, 4),
    ),
  ),
  { maxLength: 12 },
);

function commanded(first: BattleState, script: readonly (readonly [number, Command])[]): string[] {
  let state = first;
  return Array.from({ length: 100 }, (_, turn) => {
    for (const [at, command] of script) if (at === turn) state = command(state);
    state = advance(state);
    return JSON.stringify(state.snapshot);
  });
}

const RUNS = { numRuns: 15 };

describe('A battle', () => {
  it('is the same for the same seed and the same commands at the same turns', () => {
    fc.assert(
      fc.property(fc.integer(), commands, (seed, script) => {
        expect(commanded(someBattle(seed), script)).toEqual(commanded(someBattle(seed), script));
      }),
      RUNS,
    );
  });

  it('is byte for byte the same over three minutes', () => {
    const record = () =>
      [...play(someBattle(11, { sturdiness: 60 }), 1_800)].map(({ snapshot }) => JSON.stringify(snapshot));
    const first = record();

    expect(first).toHaveLength(1_801);
    expect(record().join('\n')).toBe(first.join('\n'));
  });

  it('continues from a saved state without a difference', () => {
    const states = [...play(someBattle(5))];
    const middle = structuredClone(states[100]!);

    expect([...play(middle)].at(-1)).toEqual(states.at(-1));
  });

  it('is different for another seed', () => {
    const end = (seed: number) => JSON.stringify([...play(someBattle(seed))].at(-1)?.snapshot.log);

    expect(end(1)).not.toBe(end(2));
  });

  it('keeps hit points between 0 and the maximum, and every stat an integer', () => {
    fc.assert(
      fc.property(battles, (first) => {
        const wrong = [...play(first)]
          .flatMap(({ snapshot }) => fighters(snapshot))
          .filter((one) => {
            const integers = Object.values(one).every((value) => typeof value !== 'number' || Number.isInteger(value));
            const inBounds = one.hp >= 0 && one.hp <= one.max_hp && one.action_points <= one.max_action_points;
            return !integers || !inBounds;
          });

        expect(wrong).toEqual([]);
      }),
      RUNS,
    );
  });

  it('lets no fallen combatant act or return', () => {
    fc.assert(
      fc.property(battles, (first) => {
        const fallen = new Map<string, number>();
        const stirring: unknown[] = [];
        for (const one of [...play(first)].flatMap(({ snapshot }) => fighters(snapshot))) {
          const atRest = one.hp === 0 && one.readyAt === fallen.get(one.id) && one.action_points === 0;
          if (fallen.has(one.id) && !(atRest && one.dots.length === 0 && one.hots.length === 0)) stirring.push(one);
          if (one.hp === 0) fallen.set(one.id, one.readyAt);
        }

        expect(stirring).toEqual([]);
      }),
      RUNS,
    );
  });

  it('credits every lost hit point', () => {
    fc.assert(
      fc.property(battles, (first) => {
        const last = [...play(first)].at(-1)!.snapshot;
        const sum = (stat: 'hp' | 'damage_dealt' | 'damage_taken' | 'healing_done' | 'kills', of = last) =>
          fighters(of).reduce((total, one) => total + one[stat], 0);

        expect(sum('damage_dealt')).toBe(sum('damage_taken'));
        expect(sum('hp')).toBe(sum('hp', first.snapshot) - sum('damage_taken') + sum('healing_done'));
        expect(sum('kills')).toBe(fighters(last).filter(({ hp }) => hp === 0).length);
      }),
      RUNS,
    );
  });

  it('ends with a fallen side or at nightfall, even between sturdy parties', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 400 }), (seed, sturdiness) => {
        const { snapshot } = [...play(someBattle(seed, { sturdiness }), LAST_TICK)].at(-1)!;
        const standing = (side: typeof snapshot.party) => side.some(({ hp }) => hp > 0);

        if (snapshot.status === 'won')
          expect([standing(snapshot.party), standing(snapshot.foes)]).toEqual([true, false]);
        else if (snapshot.tick < LAST_TICK) expect(standing(snapshot.party)).toBe(false);
        expect(['won', 'lost']).toContain(snapshot.status);
      }),
      { numRuns: 12 },
    );
  });

  it('changes nothing after its decision', () => {
    const decided = [...play(someBattle(9))].at(-1)!;

    expect(advance(decided)).toBe(decided);
    expect(pause(decided)).toBe(decided);
    expect(resume(decided)).toBe(decided);
  });

  it('keeps the identity of unchanged parts, so a delta skips them', () => {
    const copies: unknown[] = [];
    let kept = 0;
    let all = 0;
    let before = someBattle(21);
    for (const after of play(before)) {
      const earlier = fighters(before.snapshot);
      fighters(after.snapshot).forEach((one, index) => {
        all++;
        if (one === earlier[index]) kept++;
        else if (JSON.stringify(one) === JSON.stringify(earlier[index])) copies.push(one);
      });
      before = after;
    }

    expect(copies).toEqual([]);
    expect(kept / all).toBeGreaterThan(0.7);
  });
});
