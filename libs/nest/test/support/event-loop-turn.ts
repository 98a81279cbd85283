/** Resolves after one turn of the event loop. Sockets are read in that turn. */
export function eventLoopTurn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}

/** Resolves when the condition holds. It is checked in each turn of the event loop until the timeout of the test. */
export async function untilTrue(condition: () => boolean): Promise<void> {
  while (!condition()) await eventLoopTurn();
}
