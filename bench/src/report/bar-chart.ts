import type { Row } from './results.js';
import { line, round, svg, text, ticksTo } from './svg.js';
import { format } from './table.js';

const LEFT = 190;
const PANEL_GAP = 34;
const WIDTH = 860;
const TOP = 92;
const ROW = 27;
const BAR = 15;
/** Room for the figure behind the longest bar. */
const FIGURE = 46;

export interface BarChart {
  readonly title: string;
  readonly note: string;
  /** One panel for each metric, with its heading. */
  readonly panels: Readonly<Record<string, string>>;
  /** All panels have the same scale. */
  readonly hasOneScale?: boolean;
  readonly rows: readonly Row[];
  /** The arm that is highlighted. */
  readonly ours: string;
}

/** Bars for each arm, one panel for each metric. A thin line shows the band of the rounds. */
export function barChart({ title, note, panels, hasOneScale, rows, ours }: BarChart): string {
  const metrics = Object.keys(panels);
  const shown = metrics.map((metric) => rows.filter((row) => row.metric === metric));
  const maxOf = (list: readonly Row[]): number => Math.max(...list.map(({ p90 }) => p90));
  const arms = [...new Set(shown.flat().map(({ arm }) => arm))];
  const width = (WIDTH - LEFT - 20 - PANEL_GAP * (metrics.length - 1)) / metrics.length;
  const bottom = TOP + arms.length * ROW;
  const labels = arms.map((arm, index) =>
    text(LEFT - 12, TOP + index * ROW + 18, arm, arm === ours ? 'strong' : '', 'end'),
  );
  const drawn = shown.flatMap((panel, index) =>
    panelOf({
      ...{ panel, arms, ours, width, bottom },
      heading: panels[metrics[index]!]!,
      x: LEFT + index * (width + PANEL_GAP),
      max: maxOf(hasOneScale ? shown.flat() : panel),
    }),
  );
  return svg(WIDTH, bottom + 38, title, note, [...labels, ...drawn]);
}

interface Panel {
  readonly heading: string;
  readonly max: number;
  readonly panel: readonly Row[];
  readonly arms: readonly string[];
  readonly ours: string;
  readonly x: number;
  readonly width: number;
  readonly bottom: number;
}

function panelOf({ heading, max, panel, arms, ours, x, width, bottom }: Panel): readonly string[] {
  if (panel.length === 0) return [];
  const ticks = ticksTo(max, 3);
  const scale = (value: number): number => x + (value / ticks.at(-1)!) * (width - FIGURE);
  const grid = ticks.flatMap((tick) => [
    line(scale(tick), TOP - 2, scale(tick), bottom + 4, 'grid'),
    text(scale(tick), bottom + 20, tick.toLocaleString('en'), 'note', 'middle'),
  ]);
  const bars = panel.flatMap(({ arm, median, p10, p90 }) => {
    const y = TOP + arms.indexOf(arm) * ROW + 6;
    const classes = arm === ours ? 'ours' : 'bar';
    const middle = y + BAR / 2;
    return [
      `<rect x="${round(x)}" y="${y}" width="${round(Math.max(1, scale(median) - x))}" height="${BAR}" rx="2" class="${classes}"/>`,
      ...(p90 > p10 ? [line(scale(p10), middle, scale(p90), middle, 'band')] : []),
      text(Math.max(scale(median), scale(p90)) + 6, y + 12, format(median), arm === ours ? 'strong' : ''),
    ];
  });
  return [...grid, text(x, TOP - 14, heading, 'strong'), ...bars];
}
