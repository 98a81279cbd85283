import { describe, expect, test } from '@jest/globals';

import { room, runSnapshot } from '../../testing/samples';
import { layoutMap } from './map-layout';

describe('layoutMap', () => {
  test('marks the current room, the visited rooms and the open rooms', () => {
    const { nodes } = layoutMap(runSnapshot(), 'right');
    expect(Object.fromEntries(nodes.map(({ room: { id }, state }) => [id, state]))).toEqual({
      a: 'current',
      b: 'choice',
      c: 'choice',
      d: 'ahead',
    });
  });

  test('draws each path once, and marks the walked and the open ones', () => {
    const [a, b, c, d] = runSnapshot().rooms;
    const rooms = [a, { ...b, visited: true }, c, d].flatMap((one) => (one?.id ? [room(one)] : []));
    const { edges } = layoutMap({ rooms, currentRoomId: 'b', choices: ['d'] }, 'right');
    expect(edges.map(({ id, state }) => `${id} ${state}`)).toEqual([
      'a-b walked',
      'a-c ahead',
      'b-d open',
      'c-d ahead',
    ]);
  });

  test('keeps every room inside the map in both directions', () => {
    for (const direction of ['right', 'down'] as const) {
      for (const { left, top } of layoutMap(runSnapshot(), direction).nodes) {
        expect(Math.min(left, top)).toBeGreaterThanOrEqual(5);
        expect(Math.max(left, top)).toBeLessThanOrEqual(95);
      }
    }
  });

  test('leads from left to right on wide screens and from top to bottom on narrow ones', () => {
    const along = (key: 'left' | 'top', direction: 'right' | 'down') =>
      layoutMap(runSnapshot(), direction).nodes.map((node) => node[key]);
    const right = along('left', 'right');
    expect(right).toEqual(right.toSorted((one, other) => one - other));
    const down = along('top', 'down');
    expect(down).toEqual(down.toSorted((one, other) => one - other));
  });

  test('puts a single room in the middle', () => {
    const { nodes } = layoutMap({ rooms: [room()], currentRoomId: null, choices: [] }, 'right');
    expect(nodes).toMatchObject([{ left: 50, top: 50 }]);
  });
});
