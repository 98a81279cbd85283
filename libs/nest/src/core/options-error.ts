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
