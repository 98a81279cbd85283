import { computed, resourceFromSnapshots, type Resource, type ResourceSnapshot, type Signal } from '@angular/core';
import type { Freshness, TopicState } from '@statewire/client';
import type { Position } from '@statewire/protocol';

/**
 * A state topic as an Angular `Resource` that also says how true its value is.
 *
 * | `status()` | |
 * |---|---|
 * | `idle` | there is no topic to follow |
 * | `loading` | the first value is awaited |
 * | `resolved` | `value()` is known; `undefined` when nothing was ever published |
 * | `reloading` | `value()` is the last known one while the connection catches up |
 * | `error` | the topic is refused, unknown or closed; `value()` throws, `hasValue()` is false |
 */
export interface TopicResource<T> extends Resource<T> {
  /** `live`, `catching-up` or `stale(since)`; undefined without a topic. Stale is not an error: the value was true then. */
  readonly freshness: Signal<Freshness | undefined>;
  /** Where in the topic's history the confirmed value stands; undefined until it is known. */
  readonly position: Signal<Position | undefined>;
  /** How many optimistic updates of unanswered actions `value()` has on top; 0: it is the server's. */
  readonly pending: Signal<number>;
  /** The server's value without them; the same object as `value()` while nothing is pending. Never throws. */
  readonly confirmed: Signal<T | undefined>;
  hasValue(this: T extends undefined ? this : never): this is TopicResource<Exclude<T, undefined>>;
  hasValue(): boolean;
}

/** A topic's state as the client knows it, or why there is no topic at all. */
export type FollowedState<T> =
  | TopicState<T>
  | (Omit<TopicState<never>, 'freshness' | 'error'> & { readonly freshness: undefined; readonly error: Error });

/** Makes the resource of a topic; `undefined` for no topic. The one place that uses Angular's experimental resources. */
export function topicResource<T>(state: Signal<FollowedState<T> | undefined>): TopicResource<T | undefined> {
  const resource = resourceFromSnapshots(() => toSnapshot(state()));
  const truth = {
    freshness: computed(() => state()?.freshness),
    position: computed(() => state()?.position),
    pending: computed(() => state()?.pending ?? 0),
    confirmed: computed(() => state()?.confirmed),
  };
  // The cast widens what `hasValue()` narrows to; nothing else differs.
  return Object.assign(resource, truth) as TopicResource<T | undefined>;
}

function toSnapshot<T>(state: FollowedState<T> | undefined): ResourceSnapshot<T | undefined> {
  if (state === undefined) return { status: 'idle', value: undefined };
  const { value, position, freshness, error } = state;
  if (error !== undefined) return { status: 'error', error };
  const isUnpublished = position?.offset === 0;
  if (value === undefined && !isUnpublished) return { status: 'loading', value };
  return { status: freshness?.state === 'catching-up' ? 'reloading' : 'resolved', value };
}
