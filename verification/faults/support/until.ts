/** Milliseconds after which a wait counts as hung. Even a slow machine stays far below it. */
const HUNG_AFTER = 240_000;

/**
 * Waits for a condition that no event announces.
 *
 * @param describe returns the text of the failure.
 * @throws Error when the condition does not hold within four minutes.
 */
export async function until(holds: () => boolean | Promise<boolean>, describe: () => string): Promise<void> {
  const began = performance.now();
  while (!(await holds())) {
    if (performance.now() - began > HUNG_AFTER) throw new Error(`Not so after ${HUNG_AFTER} ms: ${describe()}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
