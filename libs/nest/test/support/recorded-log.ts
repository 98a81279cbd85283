import type { TestApplicationOptions } from './test-application.js';

/** Everything an application writes to its log, of every level. */
export class RecordedLog {
  readonly lines: string[] = [];
  /** Those that are errors. */
  readonly errors: string[] = [];
  readonly logger: NonNullable<Exclude<TestApplicationOptions['logger'], false>>;

  constructor() {
    const note = (...parts: unknown[]): void => void this.lines.push(parts.map(String).join(' '));
    const error = (...parts: unknown[]): void => {
      this.errors.push(parts.map(String).join(' '));
      note(...parts);
    };
    this.logger = { log: note, debug: note, verbose: note, warn: note, error };
  }

  get text(): string {
    return this.lines.join('\n');
  }
}
