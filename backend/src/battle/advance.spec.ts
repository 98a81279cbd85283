import { describe, expect, it } from '@jest/globals';

import { someBattle } from '../testing/battles.js';
import { advance, pause, resume, setSpeed } from './advance.js';

describe('A turn of a battle', () => {
  it('is one tick at speed 1, two at 2 and four at 4', () => {
    const ticks = ([1, 2, 4] as const).map((speed) => advance(setSpeed(someBattle(1), speed)).snapshot.tick);

    expect(ticks).toEqual([1, 2, 4]);
  });

  it('changes nothing while the battle is paused, and continues afterwards', () => {
    const paused = pause(someBattle(1));

    expect(advance(paused)).toBe(paused);
    expect(advance(resume(paused)).snapshot).toMatchObject({ status: 'running', tick: 1 });
  });

  it('reaches the same tick at any speed with the same result', () => {
    const slow = [1, 2, 3, 4].reduce(advance, someBattle(3));
    const fast = setSpeed(advance(setSpeed(someBattle(3), 4)), 1);

    expect(fast).toEqual(slow);
  });
});
