/** Asks again and again, for what nobody tells; fails with what is seen then when it takes too long. */
export async function until(
  holds: () => boolean | Promise<boolean>,
  describe: () => string,
  within = 10_000,
): Promise<number> {
  const began = performance.now();
  while (!(await holds())) {
    if (performance.now() - began > within) throw new Error(`Not so after ${within} ms: ${describe()}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return performance.now() - began;
}
