import { TestBed } from '@angular/core/testing';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { FakeActionError } from '@statewire/angular/testing';
import {
  battle,
  chooseRoom,
  dismissNotification,
  notifications,
  pauseBattle,
  run,
  spectators,
  type BattleSnapshot,
} from '@statewire/arena';
import { CLOSE_CODES } from '@statewire/protocol';

import { ArenaPage } from '../testing/arena-page';
import { fakeFetch } from '../testing/fake-fetch';
import { battleSnapshot, notification, runSnapshot, SESSION } from '../testing/samples';
import { battleClock } from './battle/battle-clock';
import { SessionService } from './game/session.service';

const b1 = battle.with({ battleId: 'b1' });
const r1 = run.with({ runId: 'r1' });
const news = notifications.with({ playerId: SESSION.playerId });

beforeEach(() => void fakeFetch({}));

describe('The battle page', () => {
  test('shows a true round trip within two seconds, although the first one was slow', async () => {
    const page = await ArenaPage.open('/battles/b1');
    page.network.latency(150);
    page.server.publish(b1, battleSnapshot());
    await page.connection('live');
    const begun = page.clock.monotonic();
    await page.shows('300 ms');
    page.network.latency(20);
    await page.shows('40 ms');
    expect(page.clock.monotonic() - begun).toBeLessThan(2_000);
  });

  test('survives a restart of the server', async () => {
    const page = await ArenaPage.open('/battles/b1');
    page.server.publish(b1, battleSnapshot({ tick: 10 }));
    await page.shows(battleClock(10));

    page.server.restart();
    await page.shows('Not live for');
    page.server.publish(b1, battleSnapshot({ tick: 11 }));
    await page.shows(battleClock(11));
    await page.connection('live');
  });

  test('shows the status of the connection, and continues over any working transport', async () => {
    const page = await ArenaPage.open('/battles/b1');
    page.server.publish(b1, battleSnapshot({ tick: 10 }));
    await page.connection('live');

    page.network.upgrades('reject');
    page.network.cut();
    await page.connection('polling');
    page.server.publish(b1, battleSnapshot({ tick: 11 }));
    await page.shows(battleClock(11));
    await page.shows('Polling: up to 2 s behind');

    page.network.http('unreachable');
    await page.connection('offline');
    await page.shows('Not live for');

    page.network.restore();
    page.server.publish(b1, battleSnapshot({ tick: 12 }));
    await page.connection('live');
    await page.shows(battleClock(12));
  });

  test('keeps a battle after its end, when the server closes the topic', async () => {
    const page = await ArenaPage.open('/battles/b1');
    page.server.publish(b1, battleSnapshot({ tick: 10, status: 'won' }));
    await page.shows('Victory');
    page.server.unsubscribe(b1, 'closed');
    await page.shows('Over: this is how it ended');
    await page.shows('Victory');
    const onward = page.element.querySelectorAll('[aria-label="Result"] a');
    expect([...onward].map((link) => link.getAttribute('href'))).toEqual(['/runs/r1', '/']);

    page.server.reject(b1, 'unknown_topic');
    page.network.cut();
    await page.connection('live');
    await page.clock.advance(5_000);
    await page.shows('Over: this is how it ended');
    await page.shows(battleClock(10));
  });

  test('polls within a second of silence on its socket, and shows each tick once afterwards', async () => {
    const page = await ArenaPage.open('/battles/b1');
    const shown: number[] = [];
    const tick = async (number: number): Promise<void> => {
      page.server.publish(b1, battleSnapshot({ tick: number }));
      await page.clock.advance(100);
      const text = page.element.querySelector('[data-tick]')?.getAttribute('data-tick');
      if (text !== null && text !== undefined) shown.push(Number(text));
    };
    for (let number = 1; number <= 20; number++) await tick(number);
    page.network.blackhole('open');
    for (let number = 21; number <= 30; number++) await tick(number);
    await page.connection('polling');
    expect(page.clock.monotonic()).toBeLessThan(3_500);
    await page.shows(battleClock(30));
    page.network.restore();
    await page.connection('live');
    for (let number = 31; number <= 40; number++) await tick(number);

    expect(shown).toEqual(shown.toSorted((one, other) => one - other));
    expect(shown.slice(-10)).toEqual([31, 32, 33, 34, 35, 36, 37, 38, 39, 40]);
  });

  test('offers another try to a visitor whom the server rejects before the first value', async () => {
    const page = await ArenaPage.open('/battles/b1');
    page.server.verify = () => 'forbidden';
    await page.connection('denied');
    await page.shows('The server rejects this page');
    page.server.verify = () => undefined;
    page.server.publish(b1, battleSnapshot({ tick: 10 }));
    await page.press('Try again');
    await page.shows(battleClock(10));
    await page.connection('live');
  });

  test('says that the server rejects the page while it keeps the last value', async () => {
    const page = await ArenaPage.open('/battles/b1');
    page.server.publish(b1, battleSnapshot({ tick: 10 }));
    await page.connection('live');
    page.server.close(CLOSE_CODES.tooManyBadFrames.code);
    await page.connection('denied');
    await page.shows(/Not live for \d+ s: the server rejects this page/);
    await page.shows(battleClock(10));
  });

  test('shows the spectators, and marks them as stale while offline', async () => {
    const page = await ArenaPage.open('/battles/b1');
    page.server.publish(b1, battleSnapshot());
    page.server.publish(spectators.with({ battleId: 'b1' }), {
      count: 2,
      members: [{ id: 'm1', info: { playerId: 'p9', name: 'Grace Hopper' } }, { id: 'm2' }],
    });
    await page.shows('2 watching');
    page.network.blackhole();
    await page.shows('As last known');
    page.network.restore();
    await page.connection('live');
    await page.simulation.until(() => !page.text.includes('As last known'), 'who watches to be current again');
  });
});

describe('A player', () => {
  const paused = (value: BattleSnapshot): BattleSnapshot => ({ ...value, status: 'paused' });

  async function ownBattle(): Promise<ArenaPage> {
    const page = await ArenaPage.open('/battles/b1', { session: SESSION });
    page.server.publish(r1, runSnapshot());
    page.server.publish(b1, battleSnapshot());
    await page.connection('live');
    await page.shows('Pause');
    page.network.latency(400);
    return page;
  }

  test('sees a pause at once, and then the confirmed status', async () => {
    const page = await ownBattle();
    page.server.handle(pauseBattle, ({ battleId }) => {
      page.server.publish(b1, paused(battleSnapshot({ tick: 14 })));
      return { battleId, status: 'paused', tick: 14, speed: 1 };
    });
    const pressed = page.clock.monotonic();
    await page.press('Pause');
    await page.shows('Resume');
    expect(page.clock.monotonic()).toBe(pressed);
    expect(page.text).toContain(battleClock(10));
    await page.shows(battleClock(14));
    expect(page.text).toContain('Resume');
  });

  test('sees a rejected pause undone, with the reason', async () => {
    const page = await ownBattle();
    page.server.handle(pauseBattle, () => {
      throw new FakeActionError('action_failed', 'This battle is over.');
    });
    await page.press('Pause');
    await page.shows('Resume');
    await page.shows('The battle was not paused');
    expect(page.text).toContain('This battle is over.');
    expect(page.text).not.toContain('Resume');
  });

  test('pauses once although the answer was lost and the action was sent again', async () => {
    const page = await ownBattle();
    page.server.handle(pauseBattle, ({ battleId }) => {
      page.server.publish(b1, paused(battleSnapshot()));
      return { battleId, status: 'paused', tick: 10, speed: 1 };
    });
    await page.press('Pause');
    await page.clock.advance(500);
    page.network.cut();
    page.network.upgrades('reject');
    page.network.duplicate(10);
    await page.simulation.until(() => page.server.actions.received.length > 1, 'the action to be sent again');
    await page.clock.advance(5_000);
    expect(page.server.actions.run).toHaveLength(1);
    expect(page.text).toContain('Resume');
    expect(page.text).not.toContain('was not paused');
  });

  test('dismisses a notification at once, and sees it again if the server rejects the dismissal', async () => {
    const page = await ArenaPage.open('/', { session: SESSION });
    page.server.publish(news, { type: 'notified', notification: notification({ title: 'Six gold' }) });
    await page.press('Notifications, 1 new');
    page.network.latency(400);
    page.server.handle(dismissNotification, () => {
      throw new FakeActionError('action_failed', 'There is no such notification.');
    });
    const pressed = page.clock.monotonic();
    await page.press('Dismiss: Six gold');
    await page.shows('Nothing new.');
    expect(page.clock.monotonic()).toBe(pressed);
    await page.shows('The notification stays');
    await page.press('Dismiss: Six gold');
  });

  test('gets each notification once, including those of an outage', async () => {
    const page = await ArenaPage.open('/', { session: SESSION });
    page.server.publish(news, { type: 'notified', notification: notification({ id: 'n1', at: 1 }) });
    await page.press('Notifications, 1 new');
    page.network.blackhole();
    page.server.publish(news, { type: 'notified', notification: notification({ id: 'n2', at: 2 }) });
    page.server.publish(news, { type: 'dismissed', notificationId: 'n1' });
    await page.connection('offline');
    page.network.restore();
    await page.connection('live');
    const shown = [...page.element.querySelectorAll('[data-notification]')];
    expect(shown.map((item) => item.getAttribute('data-notification'))).toEqual(['n2']);
  });

  test('stays signed in when a token expires', async () => {
    const requests = fakeFetch({ 'POST /api/session/refresh': { body: { ...SESSION, token: 'token-2' } } });
    const page = await ArenaPage.open('/battles/b1', { session: SESSION });
    page.server.publish(b1, battleSnapshot());
    await page.connection('live');
    page.simulation.expireToken();
    await page.simulation.until(() => page.server.connections[0]?.hello?.token === 'token-2', 'the next token');
    await page.connection('live');
    expect(requests.filter((request) => request.includes('refresh'))).toHaveLength(1);
    expect(page.text).not.toContain('You were signed out');
  });

  test('keeps watching as a guest when the session has ended on the server', async () => {
    const page = await ArenaPage.open('/battles/b1', { session: SESSION });
    page.server.publish(b1, battleSnapshot());
    await page.connection('live');
    page.server.verify = (token) => (token === undefined ? undefined : 'unauthorized');
    page.network.cut();
    await page.shows('You were signed out');
    await page.connection('live');
    expect(TestBed.inject(SessionService).current()).toBeUndefined();
  });

  test('keeps the session after a denial for another reason', async () => {
    const page = await ArenaPage.open('/battles/b1', { session: SESSION });
    page.server.publish(b1, battleSnapshot());
    await page.connection('live');
    page.server.close(CLOSE_CODES.tooManyBadFrames.code);
    await page.connection('denied');
    expect(TestBed.inject(SessionService).current()).toEqual(SESSION);
  });

  test('enters a room once although the connection breaks meanwhile', async () => {
    const page = await ArenaPage.open('/runs/r1', { session: SESSION });
    page.server.publish(r1, runSnapshot());
    page.server.handle(chooseRoom, ({ runId, roomId }) => {
      page.server.publish(r1, runSnapshot({ phase: 'rest', currentRoomId: roomId, choices: [] }));
      return { runId, phase: 'rest' as const, battleId: null };
    });
    page.network.latency(400);
    await page.press('Rest: Mossy hollow, can be chosen now');
    await page.clock.advance(500);
    page.network.cut();
    await page.shows('A quiet place');
    await page.connection('live');
    expect(page.server.actions.run).toHaveLength(1);
    expect(page.element.querySelector('[aria-busy="true"]')).toBeNull();
  });
});
