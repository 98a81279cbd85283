import { ARMS } from '../arms.js';
import { barChart } from './bar-chart.js';
import { lineChart } from './line-chart.js';
import type { Row, ScenarioResult } from './results.js';

const BARS: readonly {
  readonly file: string;
  readonly scenario: string;
  readonly title: string;
  readonly note: string;
  readonly hasOneScale?: boolean;
  /** Headings by the name of the metric. */
  readonly panels: Readonly<Record<string, string>>;
}[] = [
  {
    file: 'fan-out',
    scenario: 'fan-out',
    title: 'CPU of the server for one delivery to one of 1,000 clients',
    note: 'Events of 256 bytes. Shorter is better.',
    hasOneScale: true,
    panels: {
      'CPU per delivery, 1 per tick': '1 event per tick, µs',
      'CPU per delivery, 4 per tick': '4 events per tick, µs',
      'CPU per delivery, 8 per tick': '8 events per tick, µs',
    },
  },
  {
    file: 'latency',
    scenario: 'latency',
    title: 'A battle of 5.5 KB that changes 10 times a second, for 1,000 clients',
    note: 'Shorter is better.',
    panels: {
      'latency p50': 'p50, ms',
      'latency p99': 'p99, ms',
      'bytes per client and change': 'bytes for each client',
    },
  },
  {
    file: 'saturation',
    scenario: 'saturation',
    title: 'Events a second to 1,000 clients with a p99 below 100 ms',
    note: 'Events of 256 bytes. The first panel: longer is better. The second one: shorter is better.',
    panels: { saturation: 'events a second', 'latency p99 at half': 'p99 at half of it, ms' },
  },
  {
    file: 'actions',
    scenario: 'actions',
    title: 'A message of a client and its answer',
    note: '64 connections. CPU of the server. Shorter is better.',
    hasOneScale: true,
    panels: {
      'CPU per answer, plain handler': 'plain handler, µs',
      'CPU per answer, with a guard': 'with a guard, µs',
      'CPU per answer, with an interceptor': 'with an interceptor, µs',
    },
  },
  {
    file: 'memory',
    scenario: 'memory',
    title: 'Memory of the server for an idle, subscribed connection',
    note: '10,000 connections, after a garbage collection. Shorter is better.',
    panels: { 'memory per connection': 'KiB' },
  },
];

const LINES = [
  {
    file: 'growth-clients',
    title: 'CPU for one delivery, with more clients of one topic',
    note: 'µs for an event of 256 bytes. A flat line is linear growth.',
    xLabel: 'clients',
    metric: /^CPU per delivery, (\d+) clients$/,
  },
  {
    file: 'growth-topics',
    title: 'CPU for one publication, with more topics of three readers each',
    note: 'µs for an event of 256 bytes and its three deliveries. A flat line is linear growth.',
    xLabel: 'topics',
    metric: /^CPU per publication, (\d+) topics$/,
  },
];

/** The charts that these results are enough for, by the names of their files. */
export function charts(scenarios: readonly ScenarioResult[]): ReadonlyMap<string, string> {
  const rowsOf = (name: string): readonly Row[] => scenarios.find((one) => one.name === name)?.rows ?? [];
  const files = new Map<string, string>();
  for (const { file, scenario, ...chart } of BARS) {
    const rows = rowsOf(scenario);
    if (rows.length > 0) files.set(`${file}.svg`, barChart({ ...chart, rows, ours: ARMS.statewire.name }));
  }
  for (const { file, metric, ...chart } of LINES) {
    const series = seriesOf(rowsOf('growth'), metric);
    if (series.length > 0) files.set(`${file}.svg`, lineChart({ ...chart, series }));
  }
  return files;
}

/** A line for each arm. The first group of `metric` is the size. */
function seriesOf(rows: readonly Row[], metric: RegExp): Parameters<typeof lineChart>[0]['series'] {
  const sized = rows.flatMap(({ metric: name, median, ...row }) => {
    const size = metric.exec(name)?.[1];
    return size === undefined ? [] : [{ ...row, x: Number(size), y: median }];
  });
  return [...new Set(sized.map(({ arm }) => arm))].map((name) => ({
    name,
    points: sized.filter(({ arm }) => arm === name).sort((a, b) => a.x - b.x),
  }));
}
