import type { Json, TopicReference } from '@statewire/protocol';

import { RealtimeClientError } from '../core/realtime-client-error.js';

/**
 * A topic, and a function that changes its value as the action is expected to.
 *
 * The client calls the function again over every newer value, so the function must be pure: it returns a new value that
 * shares the unchanged parts (`(battle) => ({ ...battle, status: 'paused' })`). Its argument is frozen. Prefer setting
 * a property to adding to one, because a value that already has the effect can arrive just before the answer to the
 * action.
 */
export type OptimisticUpdate<T> = readonly [
  topic: TopicReference<T, 'state'>,
  update: (value: NoInfer<T>) => NoInfer<T>,
];

/** Optimistic updates of several topics, each with the type of its own topic. */
export type OptimisticUpdates<Values extends readonly unknown[]> = {
  readonly [Index in keyof Values]: OptimisticUpdate<Values[Index]>;
};

/**
 * Freezes `value` and returns the result of the update.
 *
 * @throws RealtimeClientError `invalid_update` if the update returns undefined.
 * @throws the error of the update.
 */
export function applyUpdate(update: (value: Json) => Json | undefined, value: Json, topic: string): Json {
  const updated = update(deepFreeze(value));
  if (updated === undefined) {
    throw new RealtimeClientError(
      'invalid_update',
      `An optimistic update of the topic "${topic}" returned undefined. Return the changed value, and ` +
        'leave the argument as it is.',
    );
  }
  return updated;
}

/** Returns the updates as a list, whether one update or a list was given. */
export function listUpdates(
  given: OptimisticUpdate<never> | readonly OptimisticUpdate<never>[],
): readonly OptimisticUpdate<never>[] {
  return isSingle(given) ? [given] : given;
}

function isSingle(
  given: OptimisticUpdate<never> | readonly OptimisticUpdate<never>[],
): given is OptimisticUpdate<never> {
  return typeof given[1] === 'function';
}

/** Skips parts that are frozen already, so that freezing a patched value costs as much as the patch. */
function deepFreeze(value: Json): Json {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const part of Object.values(value)) deepFreeze(part);
  }
  return value;
}
