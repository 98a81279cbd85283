import { line, round, svg, text, ticksTo } from './svg.js';

const WIDTH = 860;
const HEIGHT = 360;
const LEFT = 70;
const RIGHT = 700;
const TOP = 84;
const BOTTOM = 300;
/** Two labels do not come closer than this. */
const LABEL_GAP = 17;

interface Series {
  readonly name: string;
  /** Each has a size (x) and a value with its band. */
  readonly points: readonly { readonly x: number; readonly y: number; readonly p10: number; readonly p90: number }[];
}

export interface LineChart {
  readonly title: string;
  readonly note: string;
  readonly xLabel: string;
  readonly series: readonly Series[];
}

/** Lines over a logarithmic scale of sizes. A vertical line at each point shows the band of the rounds. */
export function lineChart({ title, note, xLabel, series }: LineChart): string {
  const points = series.flatMap((one) => one.points);
  const sizes = [...new Set(points.map(({ x }) => x))].sort((a, b) => a - b);
  const ticks = ticksTo(Math.max(...points.map(({ p90 }) => p90)), 5);
  const [min, max] = [Math.log(sizes[0]!), Math.log(sizes.at(-1)!)];
  const xOf = (x: number): number => LEFT + ((Math.log(x) - min) / (max - min)) * (RIGHT - LEFT);
  const yOf = (y: number): number => BOTTOM - (y / ticks.at(-1)!) * (BOTTOM - TOP);
  const grid = [
    ...ticks.flatMap((tick) => [
      line(LEFT, yOf(tick), RIGHT, yOf(tick), 'grid'),
      text(LEFT - 10, yOf(tick) + 4, tick.toLocaleString('en'), 'note', 'end'),
    ]),
    ...sizes.map((size) => text(xOf(size), BOTTOM + 22, size.toLocaleString('en'), 'note', 'middle')),
    text((LEFT + RIGHT) / 2, BOTTOM + 44, xLabel, 'note', 'middle'),
  ];
  const lines = series.flatMap(({ points: list }, index) => [
    `<polyline class="line series-${index}" points="${list.map(({ x, y }) => `${round(xOf(x))},${round(yOf(y))}`).join(' ')}"/>`,
    ...list.flatMap(({ x, y, p10, p90 }) => [
      ...(p90 > p10 ? [line(xOf(x), yOf(p10), xOf(x), yOf(p90), `series-${index}`)] : []),
      `<circle cx="${round(xOf(x))}" cy="${round(yOf(y))}" r="4" class="dot series-${index}"/>`,
    ]),
  ]);
  return svg(WIDTH, HEIGHT, title, note, [...grid, ...lines, ...labelsOf(series, yOf)]);
}

/** The name of each line at its end. Labels that would cover each other move down. */
function labelsOf(series: readonly Series[], yOf: (y: number) => number): readonly string[] {
  let last = Number.NEGATIVE_INFINITY;
  return series
    .map(({ name, points }, index) => ({ name, index, y: yOf(points.at(-1)?.y ?? 0) }))
    .sort((a, b) => a.y - b.y)
    .map(({ name, index, y }) => {
      last = Math.max(y, last + LABEL_GAP);
      return text(RIGHT + 14, last + 4, name, `strong series-${index}`);
    });
}
