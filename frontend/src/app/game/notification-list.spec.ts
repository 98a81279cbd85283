import { describe, expect, test } from '@jest/globals';

import { notification } from '../../testing/samples';
import { withNotificationEvent } from './notification-list';

describe('withNotificationEvent', () => {
  test('adds at the end', () => {
    const list = withNotificationEvent([notification()], {
      type: 'notified',
      notification: notification({ id: 'n2' }),
    });
    expect(list.map(({ id }) => id)).toEqual(['n1', 'n2']);
  });

  test('does not repeat what it has', () => {
    const list = [notification()];
    expect(withNotificationEvent(list, { type: 'notified', notification: notification() })).toBe(list);
  });

  test('drops what was dismissed, and takes a dismissal of what it never had', () => {
    expect(withNotificationEvent([notification()], { type: 'dismissed', notificationId: 'n1' })).toEqual([]);
    expect(withNotificationEvent([], { type: 'dismissed', notificationId: 'n1' })).toEqual([]);
  });
});
