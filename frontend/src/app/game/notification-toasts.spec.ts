import { TestBed } from '@angular/core/testing';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { RealtimeTestingController } from '@statewire/angular/testing';
import { notifications } from '@statewire/arena';

import { provideArenaTesting } from '../../testing/render';
import { notification, SESSION } from '../../testing/samples';
import { Toasts } from '../shell/toasts';
import { NotificationToasts } from './notification-toasts';
import { SessionService } from './session.service';

const topic = notifications.with({ playerId: 'p1' });

describe('NotificationToasts', () => {
  beforeEach(() => {
    sessionStorage.clear();
    load();
  });

  function load(): void {
    TestBed.resetTestingModule();
    provideArenaTesting();
    TestBed.inject(NotificationToasts);
    TestBed.inject(SessionService).keep(SESSION);
    TestBed.tick();
  }

  function notify(id: string, at: number): void {
    const event = { type: 'notified' as const, notification: notification({ id, at, title: id }) };
    TestBed.inject(RealtimeTestingController).emit(topic, event);
    TestBed.tick();
  }

  function titles(): string[] {
    return TestBed.inject(Toasts)
      .shown()
      .map(({ title }) => title);
  }

  test('shows a new notification', () => {
    notify('one', 1);
    expect(titles()).toEqual(['one']);
  });

  test('shows after a reload only notifications that are new', () => {
    notify('one', 1);
    load();
    notify('one', 1);
    notify('two', 2);
    expect(titles()).toEqual(['two']);
  });
});
