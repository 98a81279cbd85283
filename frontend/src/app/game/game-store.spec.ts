import { TestBed } from '@angular/core/testing';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { RealtimeTestingController } from '@statewire/angular/testing';
import { battle, lobby, notifications, run } from '@statewire/arena';

import { provideArenaTesting } from '../../testing/render';
import { battleSnapshot, lobbyState, notification, runSnapshot, SESSION } from '../../testing/samples';
import { GameStore } from './game-store';
import { SessionService } from './session.service';

describe('GameStore', () => {
  let store: GameStore;
  let server: RealtimeTestingController;

  beforeEach(() => {
    sessionStorage.clear();
    provideArenaTesting();
    server = TestBed.inject(RealtimeTestingController);
    store = TestBed.inject(GameStore);
    TestBed.tick();
  });

  function follow(): void {
    store.battleId.set('b1');
    store.runId.set('r1');
    TestBed.inject(SessionService).keep(SESSION);
    TestBed.tick();
  }

  test('is deep-equal to the unified state of the followed topics', () => {
    follow();
    server.publish(lobby.with(), lobbyState());
    server.publish(battle.with({ battleId: 'b1' }), battleSnapshot());
    server.publish(run.with({ runId: 'r1' }), runSnapshot());
    server.emit(notifications.with({ playerId: 'p1' }), { type: 'notified', notification: notification() });
    expect(store.snapshot()).toEqual({
      lobby: lobbyState(),
      battles: { b1: battleSnapshot() },
      runs: { r1: runSnapshot() },
      notifications: [notification()],
    });
  });

  test('never shows a value of the previous battle', () => {
    follow();
    server.publish(battle.with({ battleId: 'b1' }), battleSnapshot());
    store.battleId.set('b2');
    TestBed.tick();
    expect(store.battle().value).toBeUndefined();
    expect(server.isFollowed(battle.with({ battleId: 'b1' }))).toBe(false);
  });

  test('keeps the last values as stale while offline', () => {
    server.publish(lobby.with(), lobbyState());
    server.goOffline();
    expect(store.lobby()).toMatchObject({ value: lobbyState(), freshness: { state: 'stale' } });
    server.goPolling();
    expect(store.lobby().freshness.state).toBe('live');
  });

  test('says whether the server has lost contact with its data', () => {
    server.publish(lobby.with(), lobbyState());
    expect(store.isServerStale()).toBe(false);
    server.markStale();
    expect(store.isServerStale()).toBe(true);
    server.markFresh();
    expect(store.isServerStale()).toBe(false);
  });

  test('has an error for an invalid parameter', () => {
    store.battleId.set('no such/battle');
    TestBed.tick();
    expect(store.battle().error).toMatchObject({ code: 'unknown_topic' });
  });

  test('keeps the last battle after the server took it off the board', () => {
    const topic = battle.with({ battleId: 'b1' });
    follow();
    server.publish(topic, battleSnapshot({ tick: 7, status: 'won' }));
    server.reject(topic, 'unknown_topic');
    expect(store.battle()).toMatchObject({ value: { tick: 7, status: 'won' }, error: { code: 'unknown_topic' } });
    expect(store.snapshot().battles['b1']?.tick).toBe(7);
    store.battleId.set('b2');
    TestBed.tick();
    expect(store.battle().value).toBeUndefined();
  });

  test('keeps no value that the player may no longer see', () => {
    const topic = battle.with({ battleId: 'b1' });
    follow();
    server.publish(topic, battleSnapshot({ tick: 7 }));
    server.reject(topic, 'forbidden');
    expect(store.battle().value).toBeUndefined();
  });

  test('has the error of a forbidden topic', () => {
    server.reject(battle.with({ battleId: 'b1' }), 'unknown_topic', 'There is no such battle.');
    follow();
    expect(store.battle().error?.message).toBe('There is no such battle.');
  });

  test('removes notifications dismissed on any page', () => {
    follow();
    const topic = notifications.with({ playerId: 'p1' });
    server.emit(topic, { type: 'notified', notification: notification() });
    server.emit(topic, { type: 'notified', notification: notification({ id: 'n2' }) });
    server.emit(topic, { type: 'dismissed', notificationId: 'n1' });
    expect(store.notifications().map(({ id }) => id)).toEqual(['n2']);
  });

  test('hides a notification during its dismissal, and keeps it in the unified state until the answer', () => {
    follow();
    const topic = notifications.with({ playerId: 'p1' });
    server.emit(topic, { type: 'notified', notification: notification() });
    const putBack = store.hideNotification('n1');
    expect(store.notifications()).toEqual([]);
    expect(store.snapshot().notifications).toEqual([notification()]);
    putBack();
    expect(store.notifications()).toEqual([notification()]);
  });

  test('stops hiding a notification once the server has dismissed it', () => {
    follow();
    const topic = notifications.with({ playerId: 'p1' });
    server.emit(topic, { type: 'notified', notification: notification() });
    store.hideNotification('n1');
    server.emit(topic, { type: 'dismissed', notificationId: 'n1' });
    expect(store.notifications()).toEqual([]);
    server.emit(topic, { type: 'notified', notification: notification() });
    expect(store.notifications()).toEqual([notification()]);
  });

  test('follows notifications only of the current player, and none after leaving', () => {
    follow();
    const topic = notifications.with({ playerId: 'p1' });
    server.emit(topic, { type: 'notified', notification: notification() });
    store.leave();
    TestBed.tick();
    expect(store.notifications()).toEqual([]);
    expect(server.isFollowed(topic)).toBe(false);
  });

  test('finds the player’s run, preferring an unfinished one', () => {
    follow();
    const [own] = lobbyState().runs;
    if (own === undefined) throw new Error('The sample has a run.');
    const runs = [own, { ...own, runId: 'r2', phase: 'finished' as const }];
    server.publish(lobby.with(), lobbyState({ runs }));
    expect(store.ownRunId()).toBe('r1');
    server.publish(lobby.with(), lobbyState({ runs: runs.slice(1) }));
    expect(store.ownRunId()).toBe('r2');
  });
});
