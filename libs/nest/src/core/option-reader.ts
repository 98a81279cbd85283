/** One option that cannot be used. */
export interface OptionProblem {
  /** Path of the option: `heartbeat.interval`. */
  readonly option: string;
  readonly expected: string;
  readonly got: unknown;
}

/** Thrown at start when options cannot be used. Lists every problem, so that one start finds them all. */
export class RealtimeOptionsError extends Error {
  override readonly name = 'RealtimeOptionsError';

  constructor(readonly problems: readonly OptionProblem[]) {
    super(`RealtimeModule cannot start:\n${problems.map(describe).join('\n')}`);
  }
}

function describe({ option, expected, got }: OptionProblem): string {
  return `  - option "${option}" must be ${expected}, got ${show(got)}`;
}

function show(value: unknown): string {
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'symbol') return String(value);
  try {
    return JSON.stringify(value) ?? 'undefined';
  } catch {
    return `a ${typeof value} that is not JSON`;
  }
}

/** Node fires timers above this at once. */
const LONGEST_TIMER = 2_147_483_647;

/**
 * Reads one object of options: fills in defaults, notes what is wrong and goes on, so that all problems are found in
 * one start.
 */
export class OptionReader {
  private readonly source: Readonly<Record<string, unknown>>;

  constructor(
    source: unknown,
    private readonly problems: OptionProblem[],
    private readonly prefix = '',
  ) {
    if (source !== undefined && (typeof source !== 'object' || source === null || Array.isArray(source))) {
      this.problems.push({ option: prefix.slice(0, -1) || 'options', expected: 'an object', got: source });
      this.source = {};
    } else {
      this.source = (source ?? {}) as Readonly<Record<string, unknown>>;
    }
  }

  /** Notes every key that is not one of `known`: a mistyped option would be an option that silently does nothing. */
  refuseOthers(known: readonly string[]): void {
    for (const key of Object.keys(this.source)) {
      if (!known.includes(key)) {
        this.problems.push({
          option: this.prefix + key,
          expected: `left out, because there is no such option (there are ${known.join(', ')})`,
          got: this.source[key],
        });
      }
    }
  }

  nested(option: string): OptionReader {
    return new OptionReader(this.source[option], this.problems, `${this.prefix}${option}.`);
  }

  boolean(option: string, fallback: boolean): boolean {
    return this.read(option, fallback, 'true or false', (value) => typeof value === 'boolean');
  }

  /** A number of milliseconds, bytes or things. */
  integer(option: string, fallback: number, least = 0): number {
    const expected = `an integer from ${least} to ${LONGEST_TIMER}`;
    return this.read(
      option,
      fallback,
      expected,
      (value) => Number.isInteger(value) && (value as number) >= least && (value as number) <= LONGEST_TIMER,
    );
  }

  read<T>(option: string, fallback: T, expected: string, accepts: (value: unknown) => boolean): T {
    const value = this.source[option];
    if (value === undefined) return fallback;
    if (accepts(value)) return value as T;
    this.problems.push({ option: this.prefix + option, expected, got: value });
    return fallback;
  }
}
