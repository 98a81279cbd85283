import { AsyncLocalStorage } from 'node:async_hooks';

import type { Position, TopicPosition } from '@statewire/protocol';

type Pending = { readonly topic: string; readonly position: Promise<Position> }[];

const collecting = new AsyncLocalStorage<Pending>();

/**
 * Runs `run` and resolves with its result and with where each topic stands that was published to meanwhile, by
 * whatever it called and awaited: the `positions` of an action's `ack`. Waits for publications that were not awaited;
 * one that failed has no position.
 *
 * @example const { result, positions } = await collectPositions(() => handler(data));
 */
export async function collectPositions<T>(
  run: () => T | Promise<T>,
): Promise<{ readonly result: T; readonly positions: readonly TopicPosition[] }> {
  const pending: Pending = [];
  const result = await collecting.run(pending, async () => run());
  const settled = await Promise.allSettled(
    pending.map(async ({ topic, position }) => ({ topic, ...(await position) })),
  );
  const latest = new Map<string, TopicPosition>();
  for (const outcome of settled) {
    if (outcome.status === 'fulfilled') latest.set(outcome.value.topic, outcome.value);
  }
  return { result, positions: [...latest.values()] };
}

/** Tells the action in whose course it is called, if any, that something was published. */
export function recordPosition(topic: string, position: Promise<Position>): void {
  collecting.getStore()?.push({ topic, position });
}
