/** Milliseconds after which a wait counts as hung. Even a slow machine stays far below it. */
const HUNG_AFTER = 240_000;

/**
 * Waits for a condition that no event announces.
 *
 * @param what the condition in words, or a function that returns them for the error.
 * @throws Error when the condition does not hold within four minutes.
 */
export async function until(holds: () => boolean | Promise<boolean>, what: string | (() => string)): Promise<void> {
  const began = performance.now();
  while (!(await holds())) {
    if (performance.now() - began > HUNG_AFTER) {
      throw new Error(`Not so after ${HUNG_AFTER} ms: ${typeof what === 'string' ? what : what()}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
