import { computed, type Signal } from '@angular/core';
import type { TopicKind, TopicReference } from '@statewire/protocol';

/** What to follow now: a topic, nothing, or why there can be none (a parameter from a URL that fits no topic). */
export type CurrentTopic<T, Kind extends TopicKind> = TopicReference<T, Kind> | Error | undefined;

/** References are made anew whenever a signal they read changes; what counts is the topic they name. */
function isSameTopic<T, Kind extends TopicKind>(one: CurrentTopic<T, Kind>, other: CurrentTopic<T, Kind>): boolean {
  if (one === other) return true;
  if (one === undefined || other === undefined || one instanceof Error || other instanceof Error) return false;
  return one.name === other.name && one.kind === other.kind;
}

export function currentTopic<T, Kind extends TopicKind>(
  reference: () => TopicReference<T, Kind> | undefined,
): Signal<CurrentTopic<T, Kind>> {
  return computed(
    () => {
      try {
        return reference();
      } catch (error) {
        return error instanceof Error ? error : new Error(String(error));
      }
    },
    { equal: isSameTopic },
  );
}
