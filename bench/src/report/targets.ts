import { ARMS } from '../arms.js';
import type { ScenarioResult } from './results.js';
import { format } from './table.js';

interface Target {
  readonly id: string;
  readonly what: string;
  readonly must: '≥' | '≤';
  readonly bound: number;
  readonly unit: string;
  /** Returns the measured value; undefined if its scenario did not run. */
  readonly value: (find: Find) => number | undefined;
}

/** Finds the median of an arm. */
type Find = (scenario: string, arm: string, metric: string) => number | undefined;

const { statewire, wsOnce, net, socketIo, nestWs } = ARMS;

const OURS = statewire.name;

/** How much the first arm needs of what the second one needs. */
function share(scenario: string, metric: string, arm: string, other: string): Target['value'] {
  return (find) => {
    const [one, two] = [find(scenario, arm, metric), find(scenario, other, metric)];
    return one === undefined || two === undefined ? undefined : one / two;
  };
}

function median(scenario: string, metric: string): Target['value'] {
  return (find) => find(scenario, OURS, metric);
}

/** The whole client, with what it loads later. */
const bundleShare: Target['value'] = (find) => {
  const ours = find('bundle', OURS, 'createRealtimeClient with the HTTP fallback, without rxjs');
  const other = find('bundle', socketIo.name, 'socket.io-client');
  return ours === undefined || other === undefined ? undefined : ours / other;
};

const TICK_1 = 'CPU per delivery, 1 per tick';
const TICK_8 = 'CPU per delivery, 8 per tick';
const ANSWERS = 'answers a second, plain handler';
const BYTES = 'bytes per client and change';

/** The targets of the project. */
const TARGETS: readonly Target[] = [
  {
    id: 'B3',
    what: 'deliveries per CPU, 1 per tick, to `ws` with one stringify',
    must: '≥',
    bound: 1.3,
    unit: '×',
    value: share('fan-out', TICK_1, wsOnce.name, OURS),
  },
  {
    id: 'B3',
    what: 'deliveries per CPU, 1 per tick, to raw net',
    must: '≥',
    bound: 0.9,
    unit: '×',
    value: share('fan-out', TICK_1, net.name, OURS),
  },
  {
    id: 'B4',
    what: 'deliveries per CPU, 8 per tick, to `ws` with one stringify',
    must: '≥',
    bound: 9,
    unit: '×',
    value: share('fan-out', TICK_8, wsOnce.name, OURS),
  },
  {
    id: 'B6',
    what: 'bytes of a battle to full JSON',
    must: '≤',
    bound: 0.05,
    unit: '×',
    value: share('latency', BYTES, OURS, wsOnce.name),
  },
  {
    id: 'B7',
    what: 'p99 of a battle, 1,000 clients',
    must: '≤',
    bound: 100,
    unit: 'ms',
    value: median('latency', 'latency p99'),
  },
  {
    id: 'B7',
    what: 'the same to socket.io',
    must: '≤',
    bound: 0.6,
    unit: '×',
    value: share('latency', 'latency p99', OURS, socketIo.name),
  },
  {
    id: 'B8',
    what: 'saturation to socket.io',
    must: '≥',
    bound: 1.8,
    unit: '×',
    value: share('saturation', 'saturation', OURS, socketIo.name),
  },
  {
    id: 'B8',
    what: 'saturation to `ws` with one stringify',
    must: '≥',
    bound: 1.3,
    unit: '×',
    value: share('saturation', 'saturation', OURS, wsOnce.name),
  },
  {
    id: 'B9',
    what: 'answers a second to Nest platform-ws',
    must: '≥',
    bound: 1,
    unit: '×',
    value: share('actions', ANSWERS, OURS, nestWs.name),
  },
  {
    id: 'B9',
    what: 'answers a second to bare `ws`',
    must: '≥',
    bound: 0.7,
    unit: '×',
    value: share('actions', ANSWERS, OURS, wsOnce.name),
  },
  {
    id: 'B10',
    what: 'memory of an idle connection',
    must: '≤',
    bound: 9,
    unit: 'KiB',
    value: median('memory', 'memory per connection'),
  },
  {
    id: 'B12',
    what: 'backlog of a slow reader',
    must: '≤',
    bound: 1_024,
    unit: 'KiB',
    value: median('slow-readers', 'largest backlog of a slow reader'),
  },
  {
    id: 'B12',
    what: 'p99 of the others beside slow readers',
    must: '≤',
    bound: 1.1,
    unit: '×',
    value: median('slow-readers', 'latency p99, beside ÷ alone'),
  },
  {
    id: 'B13',
    what: 'last of 1,000 clients has events again',
    must: '≤',
    bound: 5_000,
    unit: 'ms',
    value: median('reconnect-storm', 'last client has events again after'),
  },
  {
    id: 'B13',
    what: 'clients that started anew',
    must: '≤',
    bound: 5,
    unit: '%',
    value: median('reconnect-storm', 'clients that started anew'),
  },
  {
    id: 'B14',
    what: 'events delivered under jitter',
    must: '≥',
    bound: 100,
    unit: '%',
    value: median('jitter', 'events delivered'),
  },
  { id: 'B14', what: 'p99 under jitter', must: '≤', bound: 2_500, unit: 'ms', value: median('jitter', 'latency p99') },
  {
    id: 'B15',
    what: 'size of the client to socket.io-client',
    must: '≤',
    bound: 1,
    unit: '×',
    value: bundleShare,
  },
  {
    id: 'B16',
    what: 'first value with the WebSocket in a black hole',
    must: '≤',
    bound: 1_000,
    unit: 'ms',
    value: median('black-hole', 'first value after'),
  },
  {
    id: 'B18',
    what: 'publish 5.5 KB to one reader, immutable update, to `JSON.stringify`',
    must: '≤',
    bound: 3,
    unit: '×',
    value: (find) => find('publish', OURS, '5.5 KB, 1 reader'),
  },
  {
    id: 'B21',
    what: 'CPU of a delivery with 10,000 clients to 1,000',
    must: '≤',
    bound: 1.5,
    unit: '×',
    value: growth('CPU per delivery', 10_000, 1_000, 'clients'),
  },
  {
    id: 'B21',
    what: 'CPU of a publication with 1,000 topics to 10',
    must: '≤',
    bound: 1.5,
    unit: '×',
    value: growth('CPU per publication', 1_000, 10, 'topics'),
  },
];

function growth(metric: string, to: number, from: number, what: string): Target['value'] {
  return (find) => {
    const [large, small] = [to, from].map((size) => find('growth', OURS, `${metric}, ${size} ${what}`));
    return large === undefined || small === undefined ? undefined : large / small;
  };
}

/** A Markdown table of the targets whose scenarios have run. Ratios are those of the medians. */
export function targetTable(scenarios: readonly ScenarioResult[]): string {
  const find: Find = (scenario, arm, metric) =>
    scenarios.find(({ name }) => name === scenario)?.rows.find((row) => row.arm === arm && row.metric === metric)
      ?.median;
  const lines = TARGETS.flatMap(({ id, what, must, bound, unit, value }) => {
    const measured = value(find);
    if (measured === undefined) return [];
    return [
      `| ${id} | ${what} | ${must} ${format(bound)} ${unit} | ${format(measured)} ${unit} | ${verdict(must, bound, measured)} |`,
    ];
  });
  return ['| id | figure | target | measured | |', '| --- | --- | ---: | ---: | --- |', ...lines].join('\n');
}

function verdict(must: Target['must'], bound: number, measured: number): string {
  const isMet = must === '≥' ? measured >= bound : measured <= bound;
  return isMet ? 'met' : `**missed** by ${Math.round(Math.abs(measured / bound - 1) * 100)} %`;
}
