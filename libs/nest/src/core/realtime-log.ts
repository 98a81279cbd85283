import { RecentlyUsed } from './recently-used.js';
import type { Environment } from './environment.js';

/** The part of Nest's `Logger` that is used. */
export interface LogSink {
  debug(message: string): void;
  log(message: string): void;
  warn(message: string): void;
  error(message: string, stack?: string): void;
}

type LogValue = string | number | boolean | undefined;

const ONE_SECOND = 1_000;

/** Milliseconds after which what was left out of an event and reason that never came again is told no more. */
const REMEMBERED = 3_600_000;

/** Events and reasons that are told apart. There are a few hundred, unless a reason is made of what a client sent. */
const MOST_REASONS = 1_000;

/** What terminals obey instead of showing it, in part beyond what JSON escapes: C0 and C1, marks of direction, breaks. */
// eslint-disable-next-line no-control-regex -- control characters are what is looked for
const INVISIBLE = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/**
 * Lines of `event key=value …`, at most one a second for each event and reason, so that a flood of bad frames is not
 * a flood of lines. What was left out is counted in the next line. Values are quoted: they may come from a client.
 *
 * Never given payloads, tokens or cookies.
 */
export class RealtimeLog {
  private readonly lines = new RecentlyUsed<{ at: number; left: number }>(REMEMBERED, MOST_REASONS);

  constructor(
    private readonly sink: LogSink,
    private readonly environment: Environment,
  ) {}

  debug(event: string, values: Readonly<Record<string, LogValue>> = {}): void {
    this.write(event, values, (line) => this.sink.debug(line));
  }

  info(event: string, values: Readonly<Record<string, LogValue>> = {}): void {
    this.write(event, values, (line) => this.sink.log(line));
  }

  warn(event: string, values: Readonly<Record<string, LogValue>> = {}): void {
    this.write(event, values, (line) => this.sink.warn(line));
  }

  /** `error` is what application code threw: its stack belongs in the log, and nowhere else. */
  error(event: string, error: unknown, values: Readonly<Record<string, LogValue>> = {}): void {
    this.write(event, values, (line) => this.sink.error(line, traceOf(error)));
  }

  private write(event: string, values: Readonly<Record<string, LogValue>>, emit: (line: string) => void): void {
    const key = `${event} ${values.reason ?? ''}`;
    const now = this.environment.monotonic();
    const last = this.lines.of(key, now, () => ({ at: -Infinity, left: 0 }));
    if (now - last.at < ONE_SECOND) {
      last.left += 1;
      return;
    }
    const alike = last.left === 0 ? undefined : last.left;
    last.at = now;
    last.left = 0;
    emit(format(event, { ...values, alike }));
  }
}

function format(event: string, values: Readonly<Record<string, LogValue>>): string {
  const pairs = Object.entries(values)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${typeof value === 'string' ? quote(value) : value}`);
  return [event, ...pairs].join(' ');
}

function quote(value: string): string {
  return /^[A-Za-z0-9._:/~-]+$/.test(value) ? value : JSON.stringify(value).replace(INVISIBLE, escape);
}

/** What was thrown, its lines indented as those of a stack: its message may quote a client, who must not write lines. */
function traceOf(error: unknown): string {
  const text = error instanceof Error ? (error.stack ?? String(error)) : String(error);
  return text.replace(/\r\n?|[\n\u2028\u2029](?! {4}at )/g, '\n    ').replace(INVISIBLE, escape);
}

function escape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
