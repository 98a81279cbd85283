import type { Band } from '../statistics.js';
import type { Row, ScenarioResult } from './results.js';

/** A Markdown table of a scenario. The shorter of arms and metrics makes the columns. */
export function table({ rows, base }: Pick<ScenarioResult, 'rows' | 'base'>): string {
  const arms = [...new Set(rows.map(({ arm }) => arm))];
  const metrics = [...new Set(rows.map(metricOf))];
  const cell = (arm: string, metric: string): string => {
    const row = rows.find((one) => one.arm === arm && metricOf(one) === metric);
    return row ? figures(row, base) : '';
  };
  const lines =
    arms.length > metrics.length
      ? [['', ...metrics], ...arms.map((arm) => [arm, ...metrics.map((metric) => cell(arm, metric))])]
      : [['', ...arms], ...metrics.map((metric) => [metric, ...arms.map((arm) => cell(arm, metric))])];
  const [head, ...body] = lines;
  return [head!, head!.map((_, index) => (index === 0 ? '---' : '---:')), ...body]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');
}

function metricOf({ metric, unit }: Row): string {
  return `${metric}, ${unit}`;
}

function figures(row: Row, base: string | undefined): string {
  const figure = `${format(row.median)}${range(row)}`;
  return row.ratio && row.arm !== base ? `${figure} · ${format(row.ratio.median)} ×` : figure;
}

/** The range of the middle rounds; nothing if all rounds agree. */
function range({ p10, p90 }: Band): string {
  const [low, high] = [format(p10), format(p90)];
  return low === high ? '' : ` (${low}–${high})`;
}

export function format(value: number): string {
  if (Number.isNaN(value)) return 'none';
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en');
  return Number.isInteger(value) ? String(value) : value.toFixed(Math.abs(value) >= 10 ? 1 : 2);
}
