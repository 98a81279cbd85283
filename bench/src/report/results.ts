import { ARMS } from '../arms.js';
import type { Discarded, Measurement, NotRun } from '../measurements.js';
import type { RunLog, Scenario } from '../scenario.js';
import { type Band, bandOf } from '../statistics.js';

/** One figure of an arm over all rounds. */
export interface Row extends Band {
  readonly arm: string;
  readonly metric: string;
  readonly unit: string;
  /** To the base arm in the same round: the median of the rounds with its band. */
  readonly ratio?: Band;
}

/** The machine, the commit and the day of a run. */
export interface Machine {
  readonly node: string;
  readonly cores: number;
  readonly processor: string;
  readonly date: string;
  readonly commit: string;
  /** Processes that wanted a core when the scenario began: the mean of a minute. */
  readonly load: number;
}

export interface ScenarioResult {
  readonly name: string;
  readonly machine: Machine;
  readonly title: string;
  readonly about: string;
  readonly base?: string;
  readonly rounds: number;
  readonly rows: readonly Row[];
  readonly notRun: readonly NotRun[];
  readonly discarded: readonly Discarded[];
  /** The largest share of the time in which the load process was busy, 0 to 1. Missing: it had nothing to do. */
  readonly maxLoadShare?: number;
}

/** The order of arms in tables. */
const ARM_NAMES: readonly string[] = Object.values(ARMS).map(({ name }) => name);

/** Sums up the rounds of a scenario. A ratio is taken inside a round, so that a slow round counts for both arms. */
export function summed(
  { name, title, about, base }: Pick<Scenario, 'name' | 'title' | 'about' | 'base'>,
  rounds: readonly (readonly Measurement[])[],
  { notRun, discarded, maxLoadShare }: Pick<RunLog, 'notRun' | 'discarded' | 'maxLoadShare'>,
  machine: Machine,
): ScenarioResult {
  const samples = new Map<string, { first: Measurement; values: number[]; ratios: number[] }>();
  for (const round of rounds) {
    for (const one of round.filter(({ value }) => Number.isFinite(value))) {
      const key = JSON.stringify([one.arm, one.metric, one.unit]);
      const sample = samples.get(key) ?? { first: one, values: [], ratios: [] };
      samples.set(key, sample);
      sample.values.push(one.value);
      const other = round.find(({ arm, metric, unit }) => arm === base && metric === one.metric && unit === one.unit);
      if (other && other.value !== 0) sample.ratios.push(one.value / other.value);
    }
  }
  const rows: Row[] = [...samples.values()].map(({ first: { arm, metric, unit }, values, ratios }) => ({
    ...{ arm, metric, unit },
    ...bandOf(values),
    ...(ratios.length > 0 && { ratio: bandOf(ratios) }),
  }));
  const place = ({ arm }: Row): number => (ARM_NAMES.includes(arm) ? ARM_NAMES.indexOf(arm) : ARM_NAMES.length);
  rows.sort((a, b) => place(a) - place(b) || a.metric.localeCompare(b.metric, 'en', { numeric: true }));
  return {
    ...{ name, machine, title, about, ...(base !== undefined && { base }) },
    ...{ rounds: rounds.length, rows, notRun, discarded },
    ...(maxLoadShare > 0 && { maxLoadShare }),
  };
}
