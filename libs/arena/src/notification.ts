import { eventTopic } from '@statewire/protocol';

export type NotificationKind = 'run-started' | 'battle-won' | 'battle-lost' | 'loot' | 'run-won' | 'run-lost';

export interface Notification {
  readonly id: string;
  readonly kind: NotificationKind;
  readonly title: string;
  readonly text: string;
  /** Milliseconds since the Unix epoch. */
  readonly at: number;
  readonly runId: string;
}

/** Dismissals are events too, so that every page of the player shows the same list. */
export type NotificationEvent =
  | { readonly type: 'notified'; readonly notification: Notification }
  | { readonly type: 'dismissed'; readonly notificationId: string };

/** News about a player's runs. Only that player may read them. */
export const notifications = eventTopic<NotificationEvent>()('players/:playerId/notifications');
