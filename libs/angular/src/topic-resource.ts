import { computed, resourceFromSnapshots, type Resource, type ResourceSnapshot, type Signal } from '@angular/core';
import type { Freshness, RealtimeClientError, TopicState } from '@statewire/client';
import type { Position } from '@statewire/protocol';

/**
 * A state topic as an Angular `Resource` that also tells whether its value is current.
 *
 * | `status()` | |
 * |---|---|
 * | `idle` | the reference function returned undefined |
 * | `loading` | the client waits for the first value |
 * | `resolved` | `value()` is known; it is undefined if the server never published a value |
 * | `reloading` | `value()` is the last known value, and the client waits for the newest |
 * | `error` | the topic is forbidden, unknown, closed or invalid; `value()` throws, and `hasValue()` is false |
 *
 * A topic that the server cannot serve for now has a temporary error: `error()?.temporary` is true, and the client
 * tries again. The last known value stays, with the status `resolved`. Without a value the status is `error`, and
 * `value()` is undefined.
 */
export interface TopicResource<T> extends Resource<T> {
  /**
   * Why the client does not follow the topic. Its `code` tells the reason; `invalid_topic`: the reference function
   * threw.
   */
  readonly error: Signal<RealtimeClientError | undefined>;
  /** Whether `value()` is current; undefined without a topic. A stale value is not an error: it was current before. */
  readonly freshness: Signal<Freshness | undefined>;
  /** Position of `confirmed()`; undefined before the first answer of the server. */
  readonly position: Signal<Position | undefined>;
  /** Number of optimistic updates in `value()`. 0: `value()` is the server's value. */
  readonly pending: Signal<number>;
  /**
   * The server's value without optimistic updates. It is the same object as `value()` while none is pending. Never
   * throws.
   */
  readonly confirmed: Signal<T | undefined>;
  hasValue(this: T extends undefined ? this : never): this is TopicResource<Exclude<T, undefined>>;
  hasValue(): boolean;
}

/** The state of a topic in the client, or the error of a reference that names no topic. */
export type FollowedState<T> =
  | TopicState<T>
  | (Omit<TopicState<never>, 'freshness' | 'error'> & {
      readonly freshness: undefined;
      readonly error: RealtimeClientError;
    });

/** Creates the resource of a topic. Only this function uses Angular's experimental resources. */
export function topicResource<T>(state: Signal<FollowedState<T> | undefined>): TopicResource<T | undefined> {
  const resource = resourceFromSnapshots(() => toSnapshot(state()));
  const { value: strictValue } = resource;
  const truth = {
    // A temporary error hides no value, and a template that reads the value outlives it.
    value: computed(() => {
      const { error, value } = state() ?? {};
      return error?.temporary ? value : strictValue();
    }),
    error: computed(() => state()?.error),
    freshness: computed(() => state()?.freshness),
    position: computed(() => state()?.position),
    pending: computed(() => state()?.pending ?? 0),
    confirmed: computed(() => state()?.confirmed),
  };
  // The cast widens what `hasValue()` narrows to, and names the class of the errors in the snapshots.
  return Object.assign(resource, truth) as TopicResource<T | undefined>;
}

function toSnapshot<T>(state: FollowedState<T> | undefined): ResourceSnapshot<T | undefined> {
  if (state === undefined) return { status: 'idle', value: undefined };
  const { value, position, freshness, error } = state;
  if (error !== undefined && (!error.temporary || value === undefined)) return { status: 'error', error };
  const isUnpublished = position?.offset === 0;
  if (value === undefined && !isUnpublished) return { status: 'loading', value };
  return { status: freshness?.state === 'catching-up' ? 'reloading' : 'resolved', value };
}
