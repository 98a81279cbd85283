import { computed, type Signal } from '@angular/core';
import { RealtimeClientError } from '@statewire/client';
import type { TopicKind, TopicReference } from '@statewire/protocol';

/**
 * The topic to follow now; undefined for none; an error if the reference threw, as for a parameter that fits no topic.
 */
export type CurrentTopic<T, Kind extends TopicKind> = TopicReference<T, Kind> | RealtimeClientError | undefined;

/** Compares names, because a reference function creates a new object each time a signal that it reads changes. */
function isSameTopic<T, Kind extends TopicKind>(one: CurrentTopic<T, Kind>, other: CurrentTopic<T, Kind>): boolean {
  if (one === other) return true;
  if (one === undefined || other === undefined || 'code' in one || 'code' in other) return false;
  return one.name === other.name && one.kind === other.kind;
}

/** Returns a signal of the topic that the reference function names. It changes only when the topic does. */
export function currentTopic<T, Kind extends TopicKind>(
  reference: () => TopicReference<T, Kind> | undefined,
): Signal<CurrentTopic<T, Kind>> {
  return computed(
    () => {
      try {
        return reference();
      } catch (error) {
        return invalidTopic(error);
      }
    },
    { equal: isSameTopic },
  );
}

function invalidTopic(cause: unknown): RealtimeClientError {
  const message = cause instanceof Error ? cause.message : String(cause);
  return Object.assign(new RealtimeClientError('invalid_topic', message), { cause });
}
