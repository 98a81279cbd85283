import { describe, expect, test } from '@jest/globals';

import { applyDelta, diff, type Json } from '../src/index.js';
import { nextTick, project, seeded, startBattle } from './support/battle.js';
import { CountedReads, countMembers } from './support/counted-reads.js';

/** Longest shift of a list that a comparison looks for. */
const LONGEST_SHIFT = 64;

/** How many members a comparison reads, and how many the application of its delta reads. */
function readsOf(before: Json, after: Json): { readonly compared: number; readonly applied: number } {
  const reads = new CountedReads();
  const watched = reads.watch(before);
  const delta = diff(watched, reads.watch(after));
  const compared = reads.total;
  applyDelta(watched, delta);
  return { compared, applied: reads.total - compared };
}

describe('the cost of a delta', () => {
  test('of a battle is at most three reads of each member, and one to apply it', () => {
    const random = seeded(42);
    let battle = startBattle(random);
    for (let tick = 0; tick < 20; tick++) {
      const next = nextTick(battle, random, 0.1);
      const [before, after] = [project(battle), project(next)];
      const { compared, applied } = readsOf(before, after);
      const members = countMembers(before);
      expect(members).toBeGreaterThan(500);
      expect(compared).toBeLessThanOrEqual(3 * members);
      expect(applied).toBeLessThanOrEqual(members);
      battle = next;
    }
  });

  test.each<[string, (zeros: readonly number[]) => readonly [Json, Json], number]>([
    [
      'a shift with a difference at the end',
      (zeros) => [
        [1, ...zeros, 2],
        [...zeros, 3, 4],
      ],
      2 * LONGEST_SHIFT + 2,
    ],
    [
      'an insertion at the front',
      (zeros) => [
        [...zeros, 1],
        [1, ...zeros, 1],
      ],
      2,
    ],
    [
      'a removal at the front',
      (zeros) => [
        [1, ...zeros],
        [...zeros, 0, 0, 1],
      ],
      2,
    ],
  ])('of long lists grows linearly with their length: %s', (_, lists, readsPerElement) => {
    const [short, middle, long] = [1_000, 2_000, 3_000].map((length) =>
      readsOf(...lists(Array.from({ length }, () => 0))),
    );
    expect(long!.compared - middle!.compared).toBe(1_000 * readsPerElement);
    expect(middle!.compared - short!.compared).toBe(1_000 * readsPerElement);
    expect(middle!.applied - short!.applied).toBe(1_000);
  });
});
