/** The functions of a test runner that the broker suite uses. Those of Jest and Vitest have this shape. */
export interface TestRunner {
  /** Groups tests. */
  readonly describe: (name: string, body: () => void) => void;
  /** Adds a test. It fails if the promise of its body rejects. */
  readonly test: (name: string, body: () => Promise<void>) => void;
  /** Runs the hook before each test of the group. */
  readonly beforeEach: (hook: () => Promise<void>) => void;
  /** Runs the hook after each test of the group. */
  readonly afterEach: (hook: () => Promise<void>) => void;
  /** Checks a value. `resolves` and `rejects` check the outcome of a promise. */
  readonly expect: (actual: unknown) => BrokerAssertions<void> & {
    readonly not: BrokerAssertions<void>;
    readonly resolves: BrokerAssertions<Promise<void>>;
    readonly rejects: BrokerAssertions<Promise<void>>;
  };
}

/** The matchers of `expect` that the broker suite uses. Each throws if the value does not match. */
export interface BrokerAssertions<Result> {
  /** The value is the same, by `Object.is`. */
  toBe(expected: unknown): Result;
  /** The value has an equal content. Properties that are undefined count as missing. */
  toEqual(expected: unknown): Result;
  /** The value has at least these properties, with equal content. */
  toMatchObject(expected: object): Result;
  /** The value is an instance of the class. */
  toBeInstanceOf(type: unknown): Result;
  /** The value is not undefined. */
  toBeDefined(): Result;
  /** The value is undefined. */
  toBeUndefined(): Result;
  /** The number is above the bound. */
  toBeGreaterThan(bound: number): Result;
  /** The number is at most the bound. */
  toBeLessThanOrEqual(bound: number): Result;
  /** The array or the text has this length. */
  toHaveLength(length: number): Result;
  /** The text matches the pattern. */
  toMatch(pattern: RegExp): Result;
}
