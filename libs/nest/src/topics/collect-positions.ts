import { AsyncLocalStorage } from 'node:async_hooks';

import type { Position, TopicPosition } from '@statewire/protocol';

interface Collection {
  readonly pending: { readonly topic: string; readonly position: Promise<Position> }[];
  /** False once it was answered: timers and subscriptions that began in its course go on longer. */
  open: boolean;
}

const collections = new AsyncLocalStorage<Collection>();

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
  const collection: Collection = { pending: [], open: true };
  const { pending } = collection;
  const result = await collections
    .run(collection, async () => run())
    .finally(() => {
      collection.open = false;
    });
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
  const collection = collections.getStore();
  if (collection?.open === true) collection.pending.push({ topic, position });
}
