import { describe, expect, it } from '@jest/globals';
import { applyDelta, diff, type Json } from '@statewire/protocol';

import { play, someBattle } from '../testing/battles.js';
import { SECOND } from './rules.js';

const SEEDS = Array.from({ length: 60 }, (_, index) => index * 7_919);

describe('The snapshot of a battle', () => {
  it('has 4 to 8 KiB of JSON from the first to the last tick', () => {
    const sizes = SEEDS.flatMap((seed) =>
      [...play(someBattle(seed, { boss: seed % 4 === 0 }))].map(({ snapshot }) => JSON.stringify(snapshot).length),
    );

    expect(Math.min(...sizes)).toBeGreaterThanOrEqual(4_000);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(8_192);
  });

  it('changes by deltas of less than 15 % of its own JSON', () => {
    let deltas = 0;
    let wholes = 0;
    for (const seed of SEEDS) {
      let before = someBattle(seed).snapshot as unknown as Json;
      for (const { snapshot } of play(someBattle(seed))) {
        const after = snapshot as unknown as Json;
        const delta = diff(before, after);
        deltas += JSON.stringify(delta).length;
        wholes += JSON.stringify(after).length;
        before = after;
      }
    }

    expect(deltas / wholes).toBeLessThan(0.15);
  });

  it('equals the result of its deltas', () => {
    let followed: Json = null;
    let published: Json = null;
    for (const { snapshot } of play(someBattle(4))) {
      const value = JSON.parse(JSON.stringify(snapshot)) as Json;
      followed = applyDelta(followed, diff(published, value));
      published = value;
    }

    expect(followed).toEqual(published);
  });

  it('is final within 20 to 60 seconds in most battles', () => {
    const seconds = SEEDS.map((seed) => [...play(someBattle(seed))].length / SECOND);
    const fitting = seconds.filter((length) => length >= 20 && length <= 60);

    expect(fitting.length / seconds.length).toBeGreaterThan(0.9);
  });
});
