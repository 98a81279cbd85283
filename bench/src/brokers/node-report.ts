import { percentile } from '../percentile.js';
import { ageOf } from './texts.js';

/** What a node received since the last reset. */
export interface NodeReport {
  readonly messages: number;
  /** CPU of the process for each message, in µs. */
  readonly cpuPerMessage: number;
  /** Milliseconds from the call of the publisher to the listener. */
  readonly latency: number;
}

/** Counts and times the messages of a node. */
export class ReceivedMessages {
  private count = 0;
  private latencies: number[] = [];
  private cpu = process.cpuUsage();

  add(text: string): void {
    this.count += 1;
    this.latencies.push(ageOf(text));
  }

  reset(): void {
    this.count = 0;
    this.latencies = [];
    this.cpu = process.cpuUsage();
  }

  report(): NodeReport {
    const { user, system } = process.cpuUsage(this.cpu);
    return {
      messages: this.count,
      cpuPerMessage: (user + system) / this.count,
      latency: percentile(this.latencies, 0.5),
    };
  }
}
