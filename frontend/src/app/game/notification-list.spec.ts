import { describe, expect, test } from '@jest/globals';

import { notification } from '../../testing/samples';
import { withNotificationEvent } from './notification-list';

describe('withNotificationEvent', () => {
  test('adds a notification at the end', () => {
    const list = withNotificationEvent([notification()], {
      type: 'notified',
      notification: notification({ id: 'n2' }),
    });
    expect(list.map(({ id }) => id)).toEqual(['n1', 'n2']);
  });

  test('does not add a notification twice', () => {
    const list = [notification()];
    expect(withNotificationEvent(list, { type: 'notified', notification: notification() })).toBe(list);
  });

  test('removes a dismissed notification, and ignores the dismissal of an unknown one', () => {
    expect(withNotificationEvent([notification()], { type: 'dismissed', notificationId: 'n1' })).toEqual([]);
    expect(withNotificationEvent([], { type: 'dismissed', notificationId: 'n1' })).toEqual([]);
  });
});
