/** One layer of a mask on a grid of 64. `role` selects its colour. */
export interface MaskLayer {
  readonly role: 'plate' | 'shade' | 'trim' | 'eye';
  readonly path: string;
}

type Point = readonly [number, number];

/** Computes 32-bit FNV-1a, so that a kind of fighter has the same face on every page. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  }
  return value >>> 0;
}

/** Parses points such as `32 8, 18 14`. */
function points(text: string): Point[] {
  return text.split(', ').map((pair) => {
    const [x = 0, y = 0] = pair.split(' ').map(Number);
    return [x, y] as const;
  });
}

function polygon(points: readonly Point[]): string {
  return `M${points.map(([x, y]) => `${x} ${y}`).join('L')}Z`;
}

function mirrored(points: readonly Point[]): Point[] {
  return points.map(([x, y]) => [64 - x, y] as const);
}

/** Returns the outline of the left half and its mirror image. */
function symmetric(left: readonly Point[]): string {
  return polygon([...left, ...mirrored(left).reverse()]);
}

function pair(left: readonly Point[]): string {
  return polygon(left) + polygon(mirrored(left));
}

const HELMS = [
  '32 8, 18 14, 14 30, 17 46, 26 57, 32 60',
  '32 6, 22 9, 13 22, 14 44, 22 52, 28 60, 32 60',
  '32 10, 20 10, 12 20, 16 36, 14 48, 26 58, 32 58',
  '32 5, 24 14, 15 18, 12 34, 20 50, 32 61',
].map(points);

const BEASTS = [
  '32 16, 22 14, 12 24, 16 38, 24 46, 27 58, 32 60',
  '32 12, 20 16, 10 30, 18 42, 20 52, 30 60, 32 56',
  '32 18, 18 12, 13 30, 20 44, 18 52, 28 56, 32 62',
  '32 14, 24 10, 14 20, 14 40, 22 48, 24 58, 32 54',
].map(points);

const CRESTS = [
  '32 2, 28 12, 30 24, 32 26',
  '32 3, 24 6, 27 18, 32 16',
  '32 12, 25 12, 29 28, 32 32',
  '32 1, 30 8, 26 20, 32 23',
].map(points);

const HORNS = [
  '14 26, 4 16, 6 3, 12 14, 22 16',
  '16 18, 10 8, 14 1, 19 9, 25 13',
  '12 30, 2 26, 3 12, 9 20, 18 18',
  '18 16, 8 12, 3 4, 15 5, 25 12',
].map(points);

const CHEEKS = [
  '17 38, 28 44, 29 57, 22 50',
  '15 28, 24 40, 26 54, 18 44',
  '20 42, 30 42, 30 52',
  '16 34, 22 36, 27 56, 19 46',
].map(points);

const EYES = [
  '18 31, 28 33, 27 37, 20 35',
  '19 30, 29 36, 20 36',
  '18 33, 29 33, 29 36, 18 36',
  '20 34, 24 30, 28 34, 24 37',
].map(points);

const CROWN = points('32 0, 29 6, 22 3, 21 14, 32 12');

function choose<T>(from: readonly T[], seed: number): T {
  return from[seed % from.length] as T;
}

/**
 * Returns a face for a kind of fighter: helmets for the party, horned masks for foes, a crown for a boss. The name of the
 * kind selects a few mirrored polygons, so that new kinds have a face too.
 */
export function maskOf(kind: string, side: 'party' | 'foe', boss = false): readonly MaskLayer[] {
  const seed = hash(kind);
  const layers: MaskLayer[] = [];
  if (side === 'foe') layers.push({ role: 'trim', path: pair(choose(HORNS, seed >>> 3)) });
  layers.push({ role: 'plate', path: symmetric(choose(side === 'party' ? HELMS : BEASTS, seed)) });
  layers.push({ role: 'shade', path: pair(choose(CHEEKS, seed >>> 6)) });
  if (side === 'party') layers.push({ role: 'trim', path: symmetric(choose(CRESTS, seed >>> 9)) });
  layers.push({ role: 'eye', path: pair(choose(EYES, seed >>> 12)) });
  if (boss) layers.push({ role: 'trim', path: symmetric(CROWN) });
  return layers;
}
