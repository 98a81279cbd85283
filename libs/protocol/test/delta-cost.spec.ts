import { describe, expect, test } from '@jest/globals';

import { applyDelta, diff, type Json } from '../src/index.js';
import { nextTick, project, seeded, startBattle } from './support/battle.js';
import { CountedReads, countMembers } from './support/counted-reads.js';

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
      4,
    ],
    [
      'an insertion at the front',
      (zeros) => [
        [...zeros, 1],
        [1, ...zeros, 1],
      ],
      3,
    ],
    [
      'a removal at the front',
      (zeros) => [
        [1, ...zeros],
        [...zeros, 0, 0, 1],
      ],
      5,
    ],
  ])('of long lists grows linearly with their length: %s', (_, lists, readsPerElement) => {
    const [short, middle, long] = [1_000, 2_000, 3_000].map((length) =>
      readsOf(...lists(Array.from({ length }, () => 0))),
    );
    expect(long!.compared - middle!.compared).toBe(1_000 * readsPerElement);
    expect(middle!.compared - short!.compared).toBe(1_000 * readsPerElement);
    expect(middle!.applied - short!.applied).toBe(1_000);
  });

  /** Rows that are equal up to their last field, so that a comparison of two of them reads all fields. */
  const alike = (last: number): Json => ({ a: [0, 0, 0, 0, 0, 0, 0], z: last });
  const manyOf = (length: number, row: (index: number) => Json): Json[] =>
    Array.from({ length }, (_, index) => row(index));

  test.each<[string, (length: number) => readonly [Json, Json]]>([
    ['rows that differ in the last field', (n) => [manyOf(n, alike), manyOf(n, (index) => alike(n + index))]],
    ['rows that are shifted', (n) => [manyOf(n, alike), manyOf(n, (index) => alike(index + 100))]],
    ['a reversed list', (n) => [manyOf(n, alike), manyOf(n, (index) => alike(n - 1 - index))]],
    [
      'two kinds of rows in another order',
      (n) => [manyOf(n, (i) => alike(i % 2)), manyOf(n, (i) => alike(i % 3 && 1))],
    ],
    [
      'texts with the same ends',
      (n) => {
        const text = (index: number) => 'x'.repeat(32) + index + 'x'.repeat(32);
        return [manyOf(n, (index) => [text(index)]), manyOf(n, (index) => [text(n - index)])];
      },
    ],
    ['reversed rows with ids', (n) => [manyOf(n, (id) => ({ id })), manyOf(n, (id) => ({ id: n - id }))]],
    ['nested lists', (n) => [manyOf(n, (i) => [[[[alike(i)]]]]), manyOf(n, (i) => [[[[alike(i + 1)]]]])]],
  ])('stays bounded for hostile lists: %s', (_, lists) => {
    const [small, large] = [readsOf(...lists(600)), readsOf(...lists(1_200))];
    expect(large.compared).toBeLessThanOrEqual(2.1 * small.compared);
    const members = countMembers(lists(1_200)[0]);
    expect(large.compared).toBeLessThanOrEqual(30 * members);
    expect(large.applied).toBeLessThanOrEqual(2 * members);
  });
});
