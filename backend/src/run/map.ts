import type { Room, RoomKind } from '@statewire/arena';

import type { Random } from '../battle/random.js';

const NAMES: Readonly<Record<RoomKind, readonly string[]>> = {
  battle: [
    'Sunken causeway', 'Hall of echoes', 'Thornwood', 'Broken aqueduct', 'Salt mines', 'Old watchtower',
    'Drowned chapel', 'Wolf run', 'Amber grove', 'Shattered bridge', 'Marsh of lights', 'Cinder steps',
  ],
  rest: ['Quiet spring', 'Pilgrim camp', 'Warm hearth', 'Mossy hollow'],
  shop: ['Tinker wagon', 'Night market', 'Relic pedlar', 'Smugglers cove'],
  boss: ['Throne of ash', 'The last gate', 'Crown of storms'],
}; // prettier-ignore

/** Rooms side by side at each depth; one boss closes the map. */
const WIDTHS = [2, 3, 3, 3, 2, 1] as const;

export const ROOMS_ON_A_WAY = WIDTHS.length;

/**
 * Creates a map. Every room is reachable, every path ends at the boss, and no two paths cross. The first rooms are
 * battles. In the last rooms before the boss the party can prepare.
 */
export function drawMap(random: Random): readonly Room[] {
  const names = Object.fromEntries(
    Object.entries(NAMES).map(([kind, list]) => [kind, random.sample(list, list.length)]),
  ) as Record<RoomKind, string[]>;
  return WIDTHS.flatMap((width, depth) =>
    Array.from({ length: width }, (_, index): Room => {
      const kind = kindAt(random, depth);
      return {
        id: roomId(depth, index),
        kind,
        name: names[kind].pop() ?? NAMES[kind][0] ?? kind,
        depth,
        x: Math.round(((depth + 0.5) * 100) / WIDTHS.length) + random.between(-2, 2),
        y: Math.round(((index + 0.5) * 100) / width) + random.between(-4, 4),
        next: neighbours(index, width, WIDTHS[depth + 1]).map((next) => roomId(depth + 1, next)),
        visited: false,
      };
    }),
  );
}

function roomId(depth: number, index: number): string {
  return `room-${depth + 1}-${index + 1}`;
}

function kindAt(random: Random, depth: number): RoomKind {
  if (depth === 0) return 'battle';
  if (depth === WIDTHS.length - 1) return 'boss';
  if (depth === WIDTHS.length - 2) return random.pick(['rest', 'shop']);
  return random.pick(['battle', 'battle', 'battle', 'rest', 'shop']);
}

/** Returns the rooms of the next depth that overlap this room in height, so that no two paths cross. */
function neighbours(index: number, width: number, nextWidth: number | undefined): number[] {
  if (nextWidth === undefined) return [];
  const first = Math.floor((index * nextWidth) / width);
  const last = Math.ceil(((index + 1) * nextWidth) / width) - 1;
  return Array.from({ length: last - first + 1 }, (_, step) => first + step);
}
