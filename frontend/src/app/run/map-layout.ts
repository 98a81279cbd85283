import type { Room, RunSnapshot } from '@statewire/arena';

export interface MapNode {
  readonly room: Room;
  /** In percent of the map's width and height. */
  readonly left: number;
  readonly top: number;
  readonly state: 'current' | 'visited' | 'choice' | 'ahead';
}

interface MapEdge {
  readonly id: string;
  /** An SVG path on a grid of 100 × 100. */
  readonly path: string;
  readonly state: 'walked' | 'open' | 'ahead';
}

export interface MapLayout {
  readonly nodes: readonly MapNode[];
  readonly edges: readonly MapEdge[];
}

/** `right`: the first rooms on the left, the boss on the right. `down`: from top to bottom, for narrow screens. */
export type MapDirection = 'right' | 'down';

/** Margins in percent, along and across the way, so that the map cuts no room off. */
const MARGIN = { along: 5, across: 13 };

type MappedRun = Pick<RunSnapshot, 'rooms' | 'currentRoomId' | 'choices'>;

/** Computes where to draw the rooms of a run and the paths between them. */
export function layoutMap({ rooms, currentRoomId, choices }: MappedRun, direction: MapDirection): MapLayout {
  const along = fit(
    rooms.map(({ x }) => x),
    MARGIN.along,
  );
  const across = fit(
    rooms.map(({ y }) => y),
    MARGIN.across,
  );
  const nodes = rooms.map((room): MapNode => {
    const place = { along: along(room.x), across: across(room.y) };
    const [left, top] = direction === 'right' ? [place.along, place.across] : [place.across, place.along];
    return { room, left, top, state: stateOf(room, currentRoomId, choices) };
  });
  const byId = new Map(nodes.map((node) => [node.room.id, node]));
  const edges = nodes.flatMap((from) =>
    from.room.next.flatMap((id): MapEdge[] => {
      const to = byId.get(id);
      if (to === undefined) return [];
      return [{ id: `${from.room.id}-${id}`, path: curve(from, to, direction), state: edgeState(from, to) }];
    }),
  );
  return { nodes, edges };
}

/** Stretches the coordinates over the whole width inside the margin. */
function fit(values: readonly number[], margin: number): (value: number) => number {
  const least = Math.min(...values);
  const span = Math.max(...values) - least;
  return (value) => (span === 0 ? 50 : margin + ((value - least) / span) * (100 - 2 * margin));
}

function stateOf(room: Room, currentRoomId: string | null, choices: readonly string[]): MapNode['state'] {
  if (room.id === currentRoomId) return 'current';
  if (choices.includes(room.id)) return 'choice';
  return room.visited ? 'visited' : 'ahead';
}

function edgeState(from: MapNode, to: MapNode): MapEdge['state'] {
  if (from.room.visited && to.room.visited) return 'walked';
  return from.state === 'current' && to.state === 'choice' ? 'open' : 'ahead';
}

function curve(from: MapNode, to: MapNode, direction: MapDirection): string {
  const start = `M${from.left} ${from.top}`;
  if (direction === 'right') {
    const middle = (from.left + to.left) / 2;
    return `${start}C${middle} ${from.top} ${middle} ${to.top} ${to.left} ${to.top}`;
  }
  const middle = (from.top + to.top) / 2;
  return `${start}C${from.left} ${middle} ${to.left} ${middle} ${to.left} ${to.top}`;
}
