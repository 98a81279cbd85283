import { Component, signal, type WritableSignal } from '@angular/core';
import { TestBed, type ComponentFixture } from '@angular/core/testing';
import { beforeEach, describe, expect, test } from '@jest/globals';
import type { TopicReference } from '@statewire/protocol';
import { provideRealtimeTesting, RealtimeTestingController } from '@statewire/angular/testing';

import { battle, first, pause, second, type Battle } from '../test/support/contract.js';
import { injectTopic } from './inject-topic.js';
import { RealtimeService } from './realtime.service.js';

const reference: WritableSignal<TopicReference<Battle, 'state'> | undefined> = signal(undefined);

@Component({
  selector: 'sw-battle',
  template: `@if (battle.hasValue()) {
      tick {{ battle.value().tick }} {{ battle.freshness()?.state }}
    } @else {
      {{ battle.status() }}
    }`,
})
class BattlePage {
  readonly battle = injectTopic(() => reference());
}

describe('injectTopic', () => {
  let server: RealtimeTestingController;
  let fixture: ComponentFixture<BattlePage>;

  beforeEach(() => {
    TestBed.configureTestingModule({ providers: [provideRealtimeTesting()] });
    server = TestBed.inject(RealtimeTestingController);
    reference.set(first);
    fixture = TestBed.createComponent(BattlePage);
  });

  async function screen(): Promise<string> {
    await fixture.whenStable();
    return (fixture.nativeElement as HTMLElement).textContent.trim();
  }

  test('is loading until the first value and resolved from then on', async () => {
    const { battle } = fixture.componentInstance;
    expect(await screen()).toBe('loading');
    expect(battle.isLoading()).toBe(true);
    expect(battle.value()).toBeUndefined();

    server.publish(first, { tick: 7 });

    expect(await screen()).toBe('tick 7 live');
    expect(battle.status()).toBe('resolved');
    expect(battle.position()).toMatchObject({ offset: 1 });
  });

  test('follows the current topic of its reference, and leaves the previous topic', async () => {
    server.publish(first, { tick: 1 });
    expect(await screen()).toBe('tick 1 live');

    reference.set(second);

    expect(await screen()).toBe('loading');
    expect(server.isFollowed(first)).toBe(false);
    server.publish(second, { tick: 2 });
    expect(await screen()).toBe('tick 2 live');
  });

  test('never shows the value of the previous topic, not even between two change detections', async () => {
    server.publish(first, { tick: 1 });
    await screen();

    reference.set(second);

    expect(fixture.componentInstance.battle.value()).toBeUndefined();
    server.publish(first, { tick: 99 });
    expect(fixture.componentInstance.battle.value()).toBeUndefined();
    expect(await screen()).toBe('loading');
  });

  test('keeps its value when the reference is created again for the same topic', async () => {
    server.publish(first, { tick: 1 });
    await screen();

    reference.set(battle.with({ battleId: '1' }));

    expect(fixture.componentInstance.battle.value()).toEqual({ tick: 1 });
    expect(await screen()).toBe('tick 1 live');
  });

  test('is idle and follows nothing without a reference', async () => {
    server.publish(first, { tick: 1 });
    await screen();

    reference.set(undefined);

    expect(await screen()).toBe('idle');
    expect(server.isFollowed(first)).toBe(false);
    expect(fixture.componentInstance.battle.freshness()).toBeUndefined();
    expect(fixture.componentInstance.battle.position()).toBeUndefined();
  });

  test('keeps the last value as stale while offline', async () => {
    server.publish(first, { tick: 1 });
    await screen();

    server.goOffline();
    server.publish(first, { tick: 2 });
    expect(await screen()).toBe('tick 1 stale');
    expect(fixture.componentInstance.battle.error()).toBeUndefined();

    server.goPolling();
    expect(await screen()).toBe('tick 2 live');
  });

  test('has the error of a forbidden topic', async () => {
    await screen();

    server.reject(first, 'forbidden', 'Not your battle.');

    expect(await screen()).toBe('error');
    expect(fixture.componentInstance.battle.error()).toMatchObject({ code: 'forbidden', message: 'Not your battle.' });
  });

  test('shows the optimistic value as pending, and the confirmed value after the action fails', async () => {
    const { battle: resource } = fixture.componentInstance;
    await screen();
    server.publish(first, { tick: 1 });
    const realtime = TestBed.inject(RealtimeService);
    const optimistic = [first, ({ tick }: Battle) => ({ tick: tick + 100 })] as const;

    realtime.act(pause, { battleId: '1' }, { optimistic }).subscribe({ error: () => undefined });
    server.publish(first, { tick: 2 });

    expect(await screen()).toBe('tick 102 live');
    expect([resource.pending(), resource.confirmed(), resource.position()?.offset]).toEqual([1, { tick: 2 }, 2]);

    server.expectAction(pause).reject('forbidden');

    expect(await screen()).toBe('tick 2 live');
    expect([resource.pending(), resource.confirmed()]).toEqual([0, resource.value()]);
  });

  test('has the error of a parameter that fits no topic', async () => {
    TestBed.runInInjectionContext(() => {
      const broken = injectTopic(() => battle.with({ battleId: 'a/b' }));
      expect(broken.status()).toBe('error');
      expect(broken.error()).toMatchObject({ code: 'invalid_topic', cause: { name: 'ContractError' } });
      expect(broken.error()?.message).toContain('The parameter "battleId" of the topic "battles/:battleId" is "a/b"');
      expect(broken.freshness()).toBeUndefined();
    });
    TestBed.tick();
    expect(await screen()).toBe('loading');
  });

  test('leaves its topic when the component is destroyed', async () => {
    await screen();
    expect(server.isFollowed(first)).toBe(true);

    fixture.destroy();

    expect(server.isFollowed(first)).toBe(false);
  });

  test('takes an injector outside an injection context, and leaves its topic when that is destroyed', async () => {
    const { injector } = fixture.componentRef;
    const battle = injectTopic(() => second, { injector });
    await screen();
    server.publish(second, { tick: 2 });
    expect(battle.value()).toEqual({ tick: 2 });

    fixture.destroy();

    expect(server.isFollowed(second)).toBe(false);
  });

  test('throws outside an injection context without an injector', () => {
    expect(() => injectTopic(() => first)).toThrow('injectTopic() can only be used within an injection context');
  });
});
