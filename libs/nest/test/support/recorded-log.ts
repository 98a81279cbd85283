import type { TestApplicationOptions } from './test-application.js';

/** The log lines of an application, of every level. */
export class RecordedLog {
  readonly lines: string[] = [];
  /** The lines of level error. */
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
