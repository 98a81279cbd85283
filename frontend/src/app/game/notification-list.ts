import type { Notification, NotificationEvent } from '@statewire/arena';

/** Adds an event to the list of notifications, oldest first. The same event again changes nothing. */
export function withNotificationEvent(
  list: readonly Notification[],
  event: NotificationEvent,
): readonly Notification[] {
  if (event.type === 'dismissed') return list.filter(({ id }) => id !== event.notificationId);
  const { notification } = event;
  return list.some(({ id }) => id === notification.id) ? list : [...list, notification];
}
