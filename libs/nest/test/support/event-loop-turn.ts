/** Resolves after one turn of the event loop, in which sockets are read. */
export function eventLoopTurn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}

/** Resolves once the condition holds. It is looked at once in each turn of the event loop; the test's timeout ends it. */
export async function untilTrue(condition: () => boolean): Promise<void> {
  while (!condition()) await eventLoopTurn();
}
