import { TestBed } from '@angular/core/testing';
import { beforeEach, describe, expect, jest, test } from '@jest/globals';
import { provideRealtimeTesting, RealtimeTestingController } from '@statewire/angular/testing';
import { firstValueFrom, materialize, toArray } from 'rxjs';

import type { Position } from '@statewire/protocol';

import { first, mine, pause } from '../test/support/contract.js';
import { REALTIME_CLIENT } from './realtime-client.js';
import { RealtimeService } from './realtime.service.js';

describe('RealtimeService', () => {
  let server: RealtimeTestingController;
  let realtime: RealtimeService;

  beforeEach(() => {
    TestBed.configureTestingModule({ providers: [provideRealtimeTesting()] });
    server = TestBed.inject(RealtimeTestingController);
    realtime = TestBed.inject(RealtimeService);
  });

  test('has the status of the connection as a signal and as an observable', () => {
    const seen: string[] = [];
    realtime.status$.subscribe(({ state }) => seen.push(state));
    expect(realtime.status().state).toBe('idle');

    server.goLive();
    expect(realtime.status()).toMatchObject({ state: 'live', transport: 'websocket' });
    server.goPolling();
    expect(realtime.status()).toMatchObject({ state: 'polling', reason: { code: 'no-websocket' } });
    server.goOffline();
    expect(realtime.status().state).toBe('offline');

    expect(seen).toEqual(['idle', 'live', 'polling', 'offline']);
  });

  test('has the counters as a signal and as an observable', async () => {
    expect(realtime.metrics().framesReceived).toBe(0);
    expect(await firstValueFrom(realtime.metrics$)).toEqual(realtime.metrics());
  });

  test('opens no connection before the first subscription', () => {
    realtime.state(first);
    realtime.events(mine);
    expect(realtime.status().state).toBe('idle');

    realtime.state(first).subscribe();

    expect(realtime.status().state).toBe('live');
  });

  test('emits the newest value of a topic and then each change', () => {
    server.publish(first, { tick: 1 });
    server.publish(first, { tick: 2 });
    const ticks: number[] = [];

    realtime.state(first).subscribe(({ tick }) => ticks.push(tick));
    server.publish(first, { tick: 3 });

    expect(ticks).toEqual([2, 3]);
  });

  test('fails when a topic is unknown', () => {
    const failed = jest.fn();
    realtime.state(first).subscribe({ error: failed });

    server.reject(first, 'unknown_topic');

    expect(failed).toHaveBeenCalledWith(expect.objectContaining({ code: 'unknown_topic' }));
  });

  test('emits position and freshness with a value, and never fails', () => {
    const states: string[] = [];
    realtime.topic(first).subscribe(({ freshness, value, error }) => {
      states.push(`${value?.tick} ${error?.code ?? freshness.state}`);
    });

    server.publish(first, { tick: 1 });
    server.goOffline();
    server.goLive();
    server.reject(first, 'forbidden');

    expect(states).toEqual(['undefined catching-up', '1 live', '1 stale', '1 live', 'undefined forbidden']);
  });

  test('emits events once and in order, and those of an outage after it', () => {
    const texts: string[] = [];
    realtime.events(mine).subscribe(({ text }) => texts.push(text));

    server.emit(mine, { text: 'one' });
    server.goOffline();
    server.emit(mine, { text: 'two' });
    server.emit(mine, { text: 'three' });
    expect(texts).toEqual(['one']);
    server.goPolling();

    expect(texts).toEqual(['one', 'two', 'three']);
  });

  test('replays the history from the oldest event or from a position', () => {
    server.goLive();
    server.emit(mine, { text: 'one' });
    server.emit(mine, { text: 'two' });
    const texts: string[] = [];
    const positions: Position[] = [];
    realtime.deliveries(mine, { since: 'oldest' }).subscribe(({ position }) => positions.push(position));

    realtime.events(mine, { since: 'oldest' }).subscribe(({ text }) => texts.push(text));
    realtime.events(mine, { since: positions[0]! }).subscribe(({ text }) => texts.push(text));

    expect(texts).toEqual(['one', 'two', 'two']);
  });

  test('reports the position up to which events are lost', () => {
    const types: string[] = [];
    realtime.deliveries(mine).subscribe(({ type, position }) => types.push(`${type} ${position.offset}`));

    server.emit(mine, { text: 'one' });
    server.lose(mine);

    expect(types).toEqual(['event 1', 'lost 0']);
  });

  test('sends an action once and at once, with or without a subscriber', () => {
    const result$ = realtime.act(pause, { battleId: '1' });
    result$.subscribe();
    result$.subscribe();

    expect(server.expectAction(pause).data).toEqual({ battleId: '1' });
    server.verify();
  });

  test('emits the result of an action and completes', async () => {
    const result$ = realtime.act(pause, { battleId: '1' });
    server.expectAction(pause).respond({ paused: true });
    expect(await firstValueFrom(result$.pipe(materialize(), toArray()))).toEqual([
      expect.objectContaining({ kind: 'N', value: { paused: true } }),
      expect.objectContaining({ kind: 'C' }),
    ]);
  });

  test('fails with the code and the fields of a rejected action', async () => {
    const result$ = realtime.act(pause, { battleId: '' });
    server.expectAction(pause).reject('validation_failed', 'battleId is empty', { battleId: ['is empty'] });
    await expect(firstValueFrom(result$)).rejects.toMatchObject({
      name: 'RealtimeClientError',
      code: 'validation_failed',
      details: { battleId: ['is empty'] },
    });
  });

  test('passes connect, close, reauthenticate and options on to the client', () => {
    const client = TestBed.inject(REALTIME_CLIENT);
    const connect = jest.spyOn(client, 'connect');
    const close = jest.spyOn(client, 'close');
    const reauthenticate = jest.spyOn(client, 'reauthenticate');
    const act = jest.spyOn(client, 'act');

    realtime.connect();
    realtime.reauthenticate();
    realtime.act(pause, { battleId: '1' }, { expiresAfterMs: 0 }).subscribe({ error: () => undefined });
    realtime.close();

    expect(connect).toHaveBeenCalledTimes(1);
    expect(reauthenticate).toHaveBeenCalledTimes(1);
    expect(close).toHaveBeenCalledTimes(1);
    expect(act).toHaveBeenCalledWith(pause, { battleId: '1' }, { expiresAfterMs: 0 });
  });

  test('completes its observables when the application is destroyed', () => {
    const completed = jest.fn();
    realtime.state(first).subscribe({ complete: completed });
    realtime.status$.subscribe({ complete: completed });

    TestBed.resetTestingModule();

    expect(completed).toHaveBeenCalledTimes(2);
  });
});
