import { setTimeout as wait } from 'node:timers/promises';

import type { Follower } from './follower.js';

const LOOK_MS = 20;
/** Ends a test whose event does not come. No test judges how long it takes. */
const LONGEST_MS = 120_000;

/** Waits until the condition holds. */
export async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + LONGEST_MS;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`Waited ${LONGEST_MS} ms for ${what}.`);
    await wait(LOOK_MS);
  }
}

/** Waits until all followers are current and show what the server has. Fails if one ever showed anything wrong. */
export async function untilEqual(followers: readonly Follower[]): Promise<void> {
  await until('equal followers', () => {
    const places = followers.map(({ epoch, offset, id, value }) => JSON.stringify([epoch, offset, id, value]));
    return followers.every(({ isStale }) => !isStale) && new Set(places).size === 1;
  });
  for (const { error } of followers) if (error !== undefined) throw error as Error;
}
