import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { Random } from '../battle/random.js';
import { drawMap } from './map.js';

const maps = fc.integer().map((seed) => drawMap(new Random(seed)));

describe('The map of a run', () => {
  it('has a way to every room, and onwards from every room except the boss', () => {
    fc.assert(
      fc.property(maps, (rooms) => {
        const reached = new Set(rooms.flatMap(({ next }) => next));
        const unreachable = rooms.filter(({ id, depth }) => depth > 0 && !reached.has(id));
        const deadEnds = rooms.filter(({ next, kind }) => next.length === 0 && kind !== 'boss');

        expect({ unreachable, deadEnds }).toEqual({ unreachable: [], deadEnds: [] });
      }),
    );
  });

  it('has no crossing ways', () => {
    fc.assert(
      fc.property(maps, (rooms) => {
        const at = new Map(rooms.map((room) => [room.id, room]));
        const ways = rooms.flatMap((from) => from.next.map((id) => ({ from, to: at.get(id)! })));
        const crossing = ways.flatMap((one) =>
          ways.filter(
            (other) => one.from.depth === other.from.depth && one.from.y < other.from.y && one.to.y > other.to.y,
          ),
        );

        expect(crossing).toEqual([]);
      }),
    );
  });

  it('begins with battles, has a rest or shop before the boss, and ends with one boss', () => {
    fc.assert(
      fc.property(maps, (rooms) => {
        const kindsAt = (depth: number) =>
          new Set(rooms.filter((room) => room.depth === depth).map(({ kind }) => kind));

        expect(kindsAt(0)).toEqual(new Set(['battle']));
        expect([...kindsAt(4)].every((kind) => kind === 'rest' || kind === 'shop')).toBe(true);
        expect(rooms.filter(({ kind }) => kind === 'boss').map(({ depth }) => depth)).toEqual([5]);
      }),
    );
  });

  it('lies within its bounds, with different names', () => {
    fc.assert(
      fc.property(maps, (rooms) => {
        expect(rooms.filter(({ x, y }) => x < 0 || x > 100 || y < 0 || y > 100)).toEqual([]);
        expect(new Set(rooms.map(({ id }) => id)).size).toBe(rooms.length);
      }),
    );
  });
});
