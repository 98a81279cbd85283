import { Component, ErrorHandler, inject } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { beforeEach, describe, expect, jest, test } from '@jest/globals';
import { injectTopic, provideRealtime, RealtimeService } from '@statewire/angular';
import { stateTopic } from '@statewire/protocol';

import { first, mine, pause, type Battle } from '../../test/support/contract.js';
import { provideRealtimeSimulation } from './provide-realtime-simulation.js';
import { provideRealtimeTesting } from './provide-realtime-testing.js';
import { RealtimeSimulation } from './realtime-simulation.js';
import { RealtimeTestingController } from './realtime-testing-controller.js';

@Component({
  selector: 'sw-battle-page',
  template: `tick {{ battle.value()?.tick }}, {{ battle.freshness()?.state }}
    <button (click)="pause()">{{ paused ? 'Resume' : 'Pause' }}</button>`,
})
class BattlePage {
  readonly #realtime = inject(RealtimeService);
  readonly battle = injectTopic(() => first);
  paused = false;

  pause(): void {
    this.#realtime.act(pause, { battleId: '1' }).subscribe({ next: ({ paused }) => (this.paused = paused) });
  }
}

describe('RealtimeTestingController', () => {
  let server: RealtimeTestingController;
  let realtime: RealtimeService;

  beforeEach(() => {
    TestBed.configureTestingModule({ providers: [provideRealtime(), provideRealtimeTesting()] });
    server = TestBed.inject(RealtimeTestingController);
    realtime = TestBed.inject(RealtimeService);
  });

  test('drives a page through its first value, an outage and an action', async () => {
    const fixture = TestBed.createComponent(BattlePage);
    const page = fixture.nativeElement as HTMLElement;
    await fixture.whenStable();

    server.publish(first, { tick: 7 });
    await fixture.whenStable();
    expect(page.textContent).toContain('tick 7, live');

    server.goOffline();
    await fixture.whenStable();
    expect(page.textContent).toContain('tick 7, stale');

    server.goPolling();
    page.querySelector('button')?.click();
    server.expectAction(pause).respond({ paused: true });
    await fixture.whenStable();
    expect(fixture.componentInstance.paused).toBe(true);
    server.verify();
  });

  test('makes topics stale while the connection is live', async () => {
    const fixture = TestBed.createComponent(BattlePage);
    const page = fixture.nativeElement as HTMLElement;
    server.publish(first, { tick: 7 });
    server.markStale(mine);
    await fixture.whenStable();
    expect(page.textContent).toContain('tick 7, live');
    for (const topic of [first, undefined]) {
      server.markStale(topic);
      await fixture.whenStable();
      expect(page.textContent).toContain('tick 7, stale');
      expect(server.status.state).toBe('live');
      server.markFresh(topic);
      await fixture.whenStable();
      expect(page.textContent).toContain('tick 7, live');
    }
  });

  test('replaces the network of provideRealtime', () => {
    realtime.state(first).subscribe();
    expect(server.status).toMatchObject({ state: 'live', transport: 'websocket' });
  });

  test('publishes the JSON projection of a value, like a server', () => {
    const moments = stateTopic<unknown>()('moments').with();
    const values: unknown[] = [];
    realtime.state(moments).subscribe((value) => values.push(value));
    server.publish(moments, { at: new Date(0), gone: undefined });
    expect(values).toStrictEqual([{ at: '1970-01-01T00:00:00.000Z' }]);
  });

  test('gives every value its next position', () => {
    const offsets: (number | undefined)[] = [];
    realtime.topic(first).subscribe(({ position }) => offsets.push(position?.offset));
    server.publish(first, { tick: 1 });
    server.publish(first, { tick: 1 });
    expect(offsets).toEqual([undefined, 1, 2]);
  });

  test('shows only the last value of an outage', () => {
    const ticks: number[] = [];
    realtime.state(first).subscribe(({ tick }) => ticks.push(tick));
    server.goOffline();
    server.publish(first, { tick: 1 });
    server.publish(first, { tick: 2 });
    expect(ticks).toEqual([]);
    server.goLive();
    expect(ticks).toEqual([2]);
  });

  test('repeats no value when the connection returns without news', () => {
    const ticks: number[] = [];
    realtime.state(first).subscribe(({ tick }) => ticks.push(tick));
    server.publish(first, { tick: 1 });
    server.goOffline();
    server.goLive();
    expect(ticks).toEqual([1]);
  });

  test('answers the oldest action of a name first', () => {
    const paused: boolean[] = [];
    realtime.act(pause, { battleId: '1' }).subscribe((result) => paused.push(result.paused));
    realtime.act(pause, { battleId: '2' }).subscribe((result) => paused.push(result.paused));
    const one = server.expectAction(pause);
    const two = server.expectAction(pause);
    expect([one.data.battleId, two.data.battleId]).toEqual(['1', '2']);
    two.respond({ paused: false });
    one.respond({ paused: true });
    expect(paused).toEqual([false, true]);
  });

  test('lists the waiting actions when an expected one was not sent', () => {
    expect(() => server.expectAction(pause)).toThrow(
      'Expected the action "battles/pause" to be sent; waiting for an answer: none.',
    );
    realtime.act({ name: 'battles/resume' }, undefined);
    expect(() => server.expectAction(pause)).toThrow('waiting for an answer: "battles/resume".');
    expect(() => server.verify()).toThrow('Expected no further actions; waiting for an answer: "battles/resume".');
  });

  test('holds actions back while offline', () => {
    server.goOffline();
    realtime.act(pause, { battleId: '1' });
    expect(() => server.expectAction(pause)).toThrow('waiting for an answer: none');
    server.goLive();
    expect(server.expectAction(pause).data).toEqual({ battleId: '1' });
  });

  test('lists the followed topics', () => {
    expect(server.isFollowed(first)).toBe(false);
    const subscription = realtime.state(first).subscribe();
    expect(server.isFollowed(first)).toBe(true);
    subscription.unsubscribe();
    expect(server.isFollowed(first)).toBe(false);
  });

  test('a rejected topic stays rejected', () => {
    const failed = jest.fn();
    server.reject(first, 'forbidden');
    server.publish(first, { tick: 1 });
    realtime.state(first).subscribe({ error: failed });
    server.reject(mine, 'unknown_topic');
    realtime.events(mine).subscribe({ error: failed });
    expect(failed).toHaveBeenCalledWith(expect.objectContaining({ code: 'forbidden' }));
    expect(failed).toHaveBeenCalledWith(expect.objectContaining({ code: 'unknown_topic' }));
  });

  test('one name cannot be a topic of both kinds', () => {
    server.publish(first, { tick: 1 });
    expect(() => server.emit({ ...first, kind: 'events' }, { tick: 1 })).toThrow(
      '"battles/1" is used with the kind "state", so it cannot have the kind "events" too.',
    );
  });

  test('shows optimistic updates in order until their actions are answered', () => {
    const seen: unknown[] = [];
    realtime
      .topic(first)
      .subscribe(({ value, confirmed, pending }) => seen.push([value?.tick, confirmed?.tick, pending]));
    server.publish(first, { tick: 1 });
    realtime.act(pause, { battleId: '1' }, { optimistic: [[first, ({ tick }) => ({ tick: tick + 1 })]] });
    realtime.act(pause, { battleId: '1' }, { optimistic: [first, ({ tick }) => ({ tick: tick * 10 })] });
    expect(seen.at(-1)).toEqual([20, 1, 2]);

    server.expectAction(pause).respond({ paused: true });
    expect(seen.at(-1)).toEqual([10, 1, 1]);
    server.publish(first, { tick: 3 });
    expect(seen.at(-1)).toEqual([30, 3, 1]);
    server.expectAction(pause).respond({ paused: true });
    expect(seen.at(-1)).toEqual([3, 3, 0]);
  });

  test('reports an update that returns undefined or changes its argument to the ErrorHandler, and does not show it', () => {
    const told = jest.spyOn(TestBed.inject(ErrorHandler), 'handleError').mockImplementation(() => undefined);
    const ticks: (number | undefined)[] = [];
    realtime.topic(first).subscribe(({ value }) => ticks.push(value?.tick));
    server.publish(first, { tick: 1 });
    const forgetful = (() => undefined) as unknown as (value: Battle) => Battle;
    const careless = (value: Battle) => Object.assign(value, { tick: 2 });
    realtime.act(pause, { battleId: '1' }, { optimistic: [first, forgetful] });
    realtime.act(pause, { battleId: '1' }, { optimistic: [first, careless] });
    server.publish(first, { tick: 3 });
    expect(told.mock.calls).toEqual([[expect.objectContaining({ code: 'invalid_update' })], [expect.any(TypeError)]]);
    expect(new Set(ticks)).toEqual(new Set([undefined, 1, 3]));
  });

  test('an action has one answer', () => {
    realtime.act(pause, { battleId: '1' }).subscribe({ error: () => undefined });
    realtime.act(pause, { battleId: '2' }).subscribe({ error: () => undefined });
    const [one, other] = [server.expectAction(pause), server.expectAction(pause)];
    one.respond({ paused: true });
    other.reject('forbidden');
    for (const { respond, reject } of [one, other].map((sent) => ({
      respond: () => sent.respond({ paused: true }),
      reject: () => sent.reject('forbidden'),
    }))) {
      expect(respond).toThrow('"battles/pause" already has an answer');
      expect(reject).toThrow('"battles/pause" already has an answer');
    }
  });

  test('rejects a simulated network beside it', () => {
    TestBed.resetTestingModule();
    TestBed.configureTestingModule({ providers: [provideRealtimeTesting(), provideRealtimeSimulation()] });
    expect(() => TestBed.inject(RealtimeSimulation)).toThrow('provide one of them');
  });

  test('completes followed topics and fails unanswered actions when it closes', () => {
    const completed = jest.fn();
    const failed = jest.fn();
    realtime.state(first).subscribe({ complete: completed });
    realtime.act(pause, { battleId: '1' }).subscribe({ error: failed });
    server.expectAction(pause);

    realtime.close();

    expect(server.status.state).toBe('closed');
    expect(completed).toHaveBeenCalledTimes(1);
    expect(failed).toHaveBeenCalledWith(expect.objectContaining({ code: 'outcome_unknown' }));
    realtime.connect();
    expect(server.status.state).toBe('closed');
  });
});
