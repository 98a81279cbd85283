import type { NodeReport } from './node-report.js';

export interface PublishCommand {
  readonly topics: number;
  readonly count: number;
  /** Publications under way at once. */
  readonly window?: number;
  /** Instead of `window`: publications a second, at fixed times. */
  readonly perSecond?: number;
}

/** A node of one arm. All arms publish the same texts to the same number of topics. */
export interface BrokerRole {
  /** Follows all topics. Resolves when every later publication will arrive. */
  follow(topics: number): Promise<void>;
  /** Resolves with milliseconds, when the broker has confirmed all. */
  publish(command: PublishCommand): Promise<number>;
  reset(): void;
  report(): NodeReport;
  /** Topics that were interrupted and have resumed since the start. */
  resumed(): number;
}
