import type { TestApplicationOptions } from '../src/testing/test-application.js';

/** Everything an application writes to its log, of every level. */
export class RecordedLog {
  readonly lines: string[] = [];
  readonly logger: NonNullable<Exclude<TestApplicationOptions['logger'], false>>;

  constructor() {
    const write = (...parts: unknown[]): void => void this.lines.push(parts.map(String).join(' '));
    this.logger = { log: write, debug: write, verbose: write, warn: write, error: write };
  }

  get text(): string {
    return this.lines.join('\n');
  }
}
