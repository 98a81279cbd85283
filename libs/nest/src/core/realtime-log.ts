import { inspect } from 'node:util';

import type { Environment } from './environment.js';
import { KeyedStore } from './keyed-store.js';

/** The methods of Nest's `Logger` that the log calls. */
export interface LogSink {
  debug(message: string): void;
  log(message: string): void;
  warn(message: string): void;
  error(message: string, stack?: string): void;
}

type LogValue = string | number | boolean | undefined;

/** Shortest time between two lines of one event and reason. */
const MIN_INTERVAL_MS = 1_000;

/** Milliseconds for which the log remembers how many lines it left out. */
const MEMORY_MS = 3_600_000;

/** Largest number of events and reasons that the log counts apart. Guards against reasons that contain client data. */
const MAX_TRACKED_REASONS = 1_000;

interface LoggedLine {
  at: number;
  /** Lines left out since. */
  omitted: number;
}

/** Bounds the text of a thrown value that is no error. Its own `inspect` methods are application code, which can throw. */
const SHOWN = { depth: 2, maxStringLength: 1_000, maxArrayLength: 20, customInspect: false } as const;

/**
 * Characters that control a terminal: C0, C1, direction marks and line separators. JSON does not escape all of them.
 */
// eslint-disable-next-line no-control-regex -- the pattern looks for control characters
const INVISIBLE = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/**
 * Writes lines of the form `event key=value …`, at most one per second for each event and reason, so that a flood of
 * bad frames is no flood of lines. The next line counts the lines left out as `alike`. Quotes values, because a client
 * may have sent them.
 *
 * Callers never pass payloads, tokens or cookies.
 */
export class RealtimeLog {
  private readonly lines: KeyedStore<LoggedLine>;

  constructor(
    private readonly sink: LogSink,
    private readonly environment: Environment,
  ) {
    this.lines = new KeyedStore(environment, { idleMs: MEMORY_MS, maxKeys: MAX_TRACKED_REASONS });
  }

  debug(event: string, values: Readonly<Record<string, LogValue>> = {}): void {
    this.write(event, values, (line) => this.sink.debug(line));
  }

  info(event: string, values: Readonly<Record<string, LogValue>> = {}): void {
    this.write(event, values, (line) => this.sink.log(line));
  }

  warn(event: string, values: Readonly<Record<string, LogValue>> = {}): void {
    this.write(event, values, (line) => this.sink.warn(line));
  }

  /** Writes the stack of `error`, which clients never see. */
  error(event: string, error: unknown, values: Readonly<Record<string, LogValue>> = {}): void {
    this.write(event, values, (line) => this.sink.error(line, traceOf(error)));
  }

  private write(event: string, values: Readonly<Record<string, LogValue>>, emit: (line: string) => void): void {
    const key = `${event} ${values.reason ?? ''}`;
    const now = this.environment.monotonic();
    const last = this.lines.of(key, () => ({ at: -Infinity, omitted: 0 }));
    if (now - last.at < MIN_INTERVAL_MS) {
      last.omitted += 1;
      return;
    }
    const alike = last.omitted === 0 ? undefined : last.omitted;
    last.at = now;
    last.omitted = 0;
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

/** The stack of an error with every line indented. Its message may quote a client, which must not forge a line. */
function traceOf(error: unknown): string {
  return textOf(error)
    .replace(/\r\n?|[\n\u2028\u2029](?! {4}at )/g, '\n    ')
    .replace(INVISIBLE, escape);
}

/** Returns the first line of the text of anything that was thrown. */
export function firstLineOf(thrown: unknown): string {
  return textOf(thrown).split('\n', 1)[0]!;
}

/** Application code can throw any value, also one that throws when it is read. */
function textOf(thrown: unknown): string {
  if (typeof thrown === 'string') return thrown;
  try {
    const stack = thrown instanceof Error ? thrown.stack : undefined;
    return typeof stack === 'string' ? stack : inspect(thrown, SHOWN);
  } catch {
    return 'The thrown value cannot be shown.';
  }
}

function escape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
