import type { Notification, NotificationEvent } from '@statewire/arena';

/** The notifications that are not dismissed, oldest first, after one more event. An event seen twice changes nothing. */
export function withNotificationEvent(
  list: readonly Notification[],
  event: NotificationEvent,
): readonly Notification[] {
  if (event.type === 'dismissed') return list.filter(({ id }) => id !== event.notificationId);
  const { notification } = event;
  return list.some(({ id }) => id === notification.id) ? list : [...list, notification];
}
