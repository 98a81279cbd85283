import type { Json, TopicReference } from '@statewire/protocol';

import { RealtimeClientError } from '../core/realtime-client-error.js';
import { deepFreeze } from './deep-freeze.js';

/**
 * A topic, and what an action will make of its value, to be shown until the server's own word arrives.
 *
 * The function is called again over every newer value, so it must be pure: give back a new value that shares what did
 * not change (`(battle) => ({ ...battle, status: 'paused' })`). What it gets is frozen. Let it set rather than add: a
 * value that has the effect already may come a moment before the answer that says so.
 */
export type OptimisticUpdate<T> = readonly [
  topic: TopicReference<T, 'state'>,
  update: (value: NoInfer<T>) => NoInfer<T>,
];

/** Optimistic updates of several topics, each typed by its own. */
export type OptimisticUpdates<Values extends readonly unknown[]> = {
  readonly [Index in keyof Values]: OptimisticUpdate<Values[Index]>;
};

const WITHOUT_VALUE =
  'An optimistic update gave back undefined. Let it return the value to show, `(value) => ({ ...value, paused: true })`, ' +
  'and not change the one it gets.';

/**
 * @returns what to show instead of the value, which is frozen from here on.
 * @throws RealtimeClientError `invalid_update` where the update gives back nothing; and what it throws itself.
 */
export function applyUpdate(update: (value: Json) => Json | undefined, value: Json): Json {
  const updated = update(deepFreeze(value));
  if (updated === undefined) throw new RealtimeClientError('invalid_update', WITHOUT_VALUE);
  return updated;
}

/** @returns a list, whichever of the two forms was given. */
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
