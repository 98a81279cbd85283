import type { Discarded, Measurement, NotRun } from './measurements.js';

/** Something that is measured, with all its arms in each round. */
export interface Scenario {
  /** For `--only`. */
  readonly name: string;
  readonly title: string;
  /** Describes a round in one or two sentences. */
  readonly about: string;
  /** The arm that the ratios of a round are taken to. Undefined: there are no ratios. */
  readonly base?: string;
  /** Metrics for which the other arms are shown as a ratio to `base`. Default: all. */
  readonly ratioOf?: readonly string[];
  /** Seconds that all rounds may take together. There is at least one round. */
  readonly seconds: number;
  /** Runs only if it is asked for. */
  readonly isOptional?: boolean;
  prepare(log: RunLog): Promise<Prepared>;
}

export interface Prepared {
  round(): Promise<readonly Measurement[]>;
  close(): Promise<void>;
}

/** Notes that the report shows beside the figures. */
export class RunLog {
  readonly discarded: Discarded[] = [];
  readonly notRun: NotRun[] = [];
  /** The largest share of the time in which the load process was busy. */
  maxLoadShare = 0;

  discard(arm: string, metric: string, reason: string): void {
    this.discarded.push({ arm, metric, reason });
    process.stderr.write(`  discarded: ${arm}, ${metric}: ${reason}\n`);
  }

  leaveOut(arm: string, reason: string): void {
    this.notRun.push({ arm, reason });
    process.stderr.write(`  not run: ${arm}: ${reason}\n`);
  }
}
