import { TestBed } from '@angular/core/testing';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { dismissNotification, notifications } from '@statewire/arena';

import { provideArenaTesting, render, type Rendered } from '../../testing/render';
import { notification, SESSION } from '../../testing/samples';
import { SessionService } from '../game/session.service';
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

  test('says how many there are', () => {
    expect(bell.button('Notifications, 1 new').getAttribute('aria-expanded')).toBe('false');
  });

  test('opens the list, with the newest first', async () => {
    bell.server.emit(topic, { type: 'notified', notification: notification({ id: 'n2', title: 'Victory' }) });
    await bell.settle();
    await bell.click('Notifications, 2 new');
    const items = [...bell.element.querySelectorAll('[data-notification]')];
    expect(items.map((item) => item.getAttribute('data-notification'))).toEqual(['n2', 'n1']);
  });

  test('dismisses by an action and shows what the server makes of it', async () => {
    await bell.click('Notifications, 1 new');
    await bell.click('Dismiss: Loot');
    expect(bell.server.expectAction(dismissNotification).data).toEqual({ notificationId: 'n1' });
    bell.server.emit(topic, { type: 'dismissed', notificationId: 'n1' });
    await bell.settle();
    expect(bell.text).toContain('Nothing new.');
    expect(bell.buttons('Notifications')).toHaveLength(1);
  });

  test('closes with Escape and gives the focus back', async () => {
    document.body.append(bell.element);
    await bell.click('Notifications, 1 new');
    bell.element.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape' }));
    await bell.settle();
    expect(bell.element.querySelector('#notifications')).toBeNull();
    expect(document.activeElement).toBe(bell.button('Notifications, 1 new'));
  });
});
