import { TestBed } from '@angular/core/testing';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { dismissNotification, notifications } from '@statewire/arena';

import { provideArenaTesting, render, type Rendered } from '../../testing/render';
import { notification, SESSION } from '../../testing/samples';
import { SessionService } from '../game/session.service';
import { Toasts } from './toasts';
import { NotificationBell } from './notification-bell';

const topic = notifications.with({ playerId: 'p1' });

describe('NotificationBell', () => {
  let bell: Rendered<NotificationBell>;

  beforeEach(async () => {
    sessionStorage.clear();
    provideArenaTesting();
    TestBed.inject(SessionService).keep(SESSION);
    bell = await render(NotificationBell);
    bell.server.emit(topic, { type: 'notified', notification: notification() });
    await bell.settle();
  });

  test('shows the number of notifications', () => {
    expect(bell.button('Notifications, 1 new').getAttribute('aria-expanded')).toBe('false');
  });

  test('opens the list, with the newest first', async () => {
    bell.server.emit(topic, { type: 'notified', notification: notification({ id: 'n2', title: 'Victory' }) });
    await bell.settle();
    await bell.click('Notifications, 2 new');
    const items = [...bell.element.querySelectorAll('[data-notification]')];
    expect(items.map((item) => item.getAttribute('data-notification'))).toEqual(['n2', 'n1']);
  });

  test('hides a dismissed notification at once, and for good after the answer', async () => {
    await bell.click('Notifications, 1 new');
    await bell.click('Dismiss: Loot');
    expect(bell.text).toContain('Nothing new.');
    expect(bell.buttons('Notifications')).toHaveLength(1);
    const sent = bell.server.expectAction(dismissNotification);
    expect(sent.data).toEqual({ notificationId: 'n1' });
    sent.respond({ notificationId: 'n1' });
    await bell.settle();
    expect(bell.text).toContain('Nothing new.');
    bell.server.emit(topic, { type: 'dismissed', notificationId: 'n1' });
    await bell.settle();
    expect(bell.text).toContain('Nothing new.');
  });

  test('shows a notification again that the server does not dismiss', async () => {
    await bell.click('Notifications, 1 new');
    await bell.click('Dismiss: Loot');
    bell.server.expectAction(dismissNotification).reject('action_failed', 'There is no such notification.');
    await bell.settle();
    expect(bell.text).toContain('Loot');
    expect(bell.buttons('Notifications, 1 new')).toHaveLength(1);
    expect(TestBed.inject(Toasts).shown()).toMatchObject([{ tone: 'problem', title: 'The notification stays' }]);
  });

  test('moves the focus from a dismissed line to the next, and from the last to the heading', async () => {
    document.body.append(bell.element);
    bell.server.emit(topic, { type: 'notified', notification: notification({ id: 'n2', title: 'Victory' }) });
    await bell.settle();
    await bell.click('Notifications, 2 new');
    bell.button('Dismiss: Victory').focus();
    await bell.click('Dismiss: Victory');
    expect(document.activeElement).toBe(bell.button('Dismiss: Loot'));
    expect(bell.button('Dismiss: Loot').tabIndex).toBe(0);
    await bell.click('Dismiss: Loot');
    expect(document.activeElement?.textContent).toBe('Notifications');
    bell.element.remove();
  });

  test('closes with Escape and returns the focus', async () => {
    document.body.append(bell.element);
    await bell.click('Notifications, 1 new');
    bell.element.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape' }));
    await bell.settle();
    expect(bell.element.querySelector('#notifications')).toBeNull();
    expect(document.activeElement).toBe(bell.button('Notifications, 1 new'));
  });
});
