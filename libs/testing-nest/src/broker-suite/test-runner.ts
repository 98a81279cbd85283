/** The functions of a test runner that the broker suite uses. Those of Jest and Vitest have this shape. */
export interface TestRunner {
  readonly describe: (name: string, body: () => void) => void;
  readonly test: (name: string, body: () => Promise<void>) => void;
  readonly beforeEach: (hook: () => Promise<void>) => void;
  readonly afterEach: (hook: () => Promise<void>) => void;
  readonly expect: (actual: unknown) => Assertions<void> & {
    readonly not: Assertions<void>;
    readonly resolves: Assertions<Promise<void>>;
    readonly rejects: Assertions<Promise<void>>;
  };
}

interface Assertions<Result> {
  toBe(expected: unknown): Result;
  toEqual(expected: unknown): Result;
  toMatchObject(expected: object): Result;
  toBeInstanceOf(type: unknown): Result;
  toBeDefined(): Result;
  toBeUndefined(): Result;
  toBeGreaterThan(bound: number): Result;
  toBeLessThanOrEqual(bound: number): Result;
  toHaveLength(length: number): Result;
  toMatch(pattern: RegExp): Result;
}
