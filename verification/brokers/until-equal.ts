import { until } from '../faults/support/until.js';
import type { Follower } from './follower.js';

/** Waits until all followers are current and show what the server has. Fails if one ever showed anything wrong. */
export async function untilEqual(followers: readonly Follower[]): Promise<void> {
  const places = (): string[] =>
    followers.map(({ epoch, offset, id, value }) => JSON.stringify([epoch, offset, id, value]));
  await until(
    () => {
      for (const { error } of followers) if (error !== undefined) throw error as Error;
      return followers.every(({ isStale }) => !isStale) && new Set(places()).size === 1;
    },
    () => `equal followers: ${places().join(' ')}`,
  );
}
