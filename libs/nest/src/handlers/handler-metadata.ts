import type { Action, Topic } from '@statewire/protocol';

/** What `@OnTopic` leaves on a method. */
export interface TopicMark {
  readonly topic: Pick<Topic, 'kind' | 'pattern'>;
}

/** What `@OnAction` leaves on a method. */
export interface ActionMark {
  readonly action: Pick<Action, 'name'>;
  readonly parallel: boolean;
  /** Undefined: `limits.actionTimeout`. */
  readonly timeout: number | undefined;
}

/** `true` on classes decorated with `@RealtimeHandlers`. */
export const HANDLERS_METADATA = 'statewire:handlers';
/** `TopicMark` of a method. */
export const TOPIC_METADATA = 'statewire:topic';
/** `TopicMark` of a method: of the presence topic. */
export const PRESENCE_METADATA = 'statewire:presence';
/** `ActionMark` of a method. */
export const ACTION_METADATA = 'statewire:action';
