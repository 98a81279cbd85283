import type { Measurement } from './measurements.js';

/** A Markdown table: a row for each metric, a column for each arm. */
export function table(measurements: readonly Measurement[]): string {
  const arms = [...new Set(measurements.map(({ arm }) => arm))].sort();
  const metrics = [...new Set(measurements.map(({ metric, unit }) => `${metric}, ${unit}`))].sort();
  const rows = metrics.map((metric) => [
    metric,
    ...arms.map((arm) => {
      const found = measurements.find((one) => one.arm === arm && `${one.metric}, ${one.unit}` === metric);
      return found ? format(found.value) : '';
    }),
  ]);
  return [['metric', ...arms], ['---', ...arms.map(() => '---:')], ...rows]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');
}

function format(value: number): string {
  if (Number.isInteger(value)) return String(value);
  return value >= 100 ? value.toFixed(0) : value.toFixed(value >= 10 ? 1 : 2);
}
