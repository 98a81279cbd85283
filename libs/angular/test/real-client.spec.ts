import { Component, ErrorHandler, inject, InjectionToken, PLATFORM_ID } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { beforeEach, describe, expect, test } from '@jest/globals';
import {
  injectEvents,
  injectTopic,
  provideRealtime,
  RealtimeService,
  withAuth,
  withPolling,
  ɵPACE,
  ɵWARN,
} from '@statewire/angular';
import { FakeActionError, FakeServer, VirtualEnvironment } from '@statewire/testing';
import { firstValueFrom } from 'rxjs';

import { first, mine, pause, second } from './support/contract.js';

const TOKEN = new InjectionToken<string>('TOKEN', { factory: () => 'secret' });

@Component({
  selector: 'sw-page',
  template: `{{ realtime.status().state }}: {{ battle.value()?.tick }} {{ battle.freshness()?.state }} [{{
      texts.join()
    }}]`,
})
class Page {
  readonly realtime = inject(RealtimeService);
  readonly battle = injectTopic(() => first);
  readonly texts: string[] = [];

  constructor() {
    injectEvents(
      () => mine,
      ({ text }) => void this.texts.push(text),
    );
  }
}

describe('Angular with the real client and a server of the whole protocol', () => {
  let environment: VirtualEnvironment;
  let server: FakeServer;

  beforeEach(() => {
    environment = new VirtualEnvironment();
    server = new FakeServer(environment);
    server.declare(mine);
    server.publish(first, { tick: 1 });
    TestBed.configureTestingModule({
      providers: [
        { provide: ɵPACE, useValue: (deliver: () => void) => deliver() },
        { provide: ɵWARN, useValue: () => undefined },
        provideRealtime(
          { origin: 'http://fake', lingerMs: 0, environment },
          withAuth(() => inject(TOKEN)),
          withPolling({ intervalMs: 1_000 }),
        ),
      ],
    });
  });

  test('a page shows current values over a lost WebSocket, over polling, and over a new WebSocket', async () => {
    const fixture = TestBed.createComponent(Page);
    const screenBecomes = async (text: string): Promise<void> => {
      const isThere = (): boolean => {
        fixture.detectChanges();
        return (fixture.nativeElement as HTMLElement).textContent === text;
      };
      await environment.until(isThere, 10_000).catch(() => isThere());
      expect((fixture.nativeElement as HTMLElement).textContent).toBe(text);
    };
    await screenBecomes('live: 1 live []');

    server.publish(first, { tick: 2 });
    server.publish(mine, { text: 'one' });
    await screenBecomes('live: 2 live [one]');

    server.upgrades('hang');
    server.cut();
    server.publish(first, { tick: 3 });
    server.publish(mine, { text: 'two' });
    await screenBecomes('polling: 3 live [one,two]');

    server.upgrades('pass');
    await environment.until(() => server.connections.length === 1);
    server.publish(first, { tick: 4 });
    await screenBecomes('live: 4 live [one,two]');
  });

  test('a topic without publications is resolved without a value', async () => {
    server.declare(second);
    const battle = TestBed.runInInjectionContext(() => injectTopic(() => second));
    TestBed.tick();
    expect(battle.status()).toBe('loading');

    await environment.until(() => battle.status() === 'resolved');

    expect(battle.hasValue()).toBe(false);
    expect(battle.freshness()).toEqual({ state: 'live' });
  });

  test('the token of withAuth is sent with hello', async () => {
    TestBed.inject(RealtimeService).connect();
    await environment.until(() => server.connections[0]?.hello !== undefined);
    expect(server.connections[0]?.hello?.token).toBe('secret');
  });

  test('an action has its result, or an error with its code', async () => {
    const realtime = TestBed.inject(RealtimeService);
    server.handle('battles/pause', ({ battleId }: { battleId: string }) => {
      if (battleId !== '1') throw new FakeActionError('forbidden', 'Not your battle.');
      return { paused: true };
    });

    const allowed = firstValueFrom(realtime.act(pause, { battleId: '1' }));
    const rejected = firstValueFrom(realtime.act(pause, { battleId: '2' }));
    rejected.catch(() => undefined);
    await environment.advance(1_000);

    expect(await allowed).toEqual({ paused: true });
    await expect(rejected).rejects.toMatchObject({ code: 'forbidden', message: 'Not your battle.' });
  });

  test('nothing of the client remains after the application', async () => {
    const fixture = TestBed.createComponent(Page);
    fixture.detectChanges();
    await environment.until(() => server.connections.length === 1);

    TestBed.resetTestingModule();
    await environment.settle();

    expect(server.connections).toEqual([]);
    expect(environment.timers).toBe(0);
    expect(environment.wakeListeners).toBe(0);
  });

  test('the client sends nothing during server rendering', async () => {
    TestBed.overrideProvider(PLATFORM_ID, { useValue: 'server' });
    const fixture = TestBed.createComponent(Page);
    fixture.detectChanges();
    TestBed.inject(RealtimeService).connect();

    await environment.advance(10_000);

    expect(server.upgradeCount).toBe(0);
    expect(server.polls).toEqual([]);
    expect((fixture.nativeElement as HTMLElement).textContent).toBe('idle:  catching-up []');
  });

  test('an optimistic update shows at once, until the value with its effect arrives', async () => {
    const fixture = TestBed.createComponent(Page);
    const { battle, realtime } = fixture.componentInstance;
    server.handle(pause.name, () => void server.publish(first, { tick: 8 }));
    await fixture.whenStable();
    await environment.advance(200);
    const ticks: unknown[] = [];
    realtime.topic(first).subscribe(({ value, pending }) => ticks.push([value?.tick, pending]));
    realtime.act(pause, { battleId: '1' }, { optimistic: [first, () => ({ tick: 8 })] });
    expect([battle.value()?.tick, battle.confirmed()?.tick, battle.pending()]).toEqual([8, 1, 1]);
    await environment.advance(200);
    expect([battle.value()?.tick, battle.confirmed()?.tick, battle.pending()]).toEqual([8, 8, 0]);
    expect(ticks).not.toContainEqual([1, 1]);
  });

  test('the error of an optimistic update reaches the ErrorHandler, and the action continues', async () => {
    const handled: unknown[] = [];
    TestBed.inject(ErrorHandler).handleError = (error) => void handled.push(error);
    const realtime = TestBed.inject(RealtimeService);
    server.handle(pause.name, () => ({ paused: true }));
    realtime.state(first).subscribe();
    await environment.advance(200);
    const bug = (): never => {
      throw new Error('a bug');
    };
    const answer = firstValueFrom(realtime.act(pause, { battleId: '1' }, { optimistic: [first, bug] }));
    await environment.advance(200);
    expect(await answer).toEqual({ paused: true });
    expect(handled).toEqual([new Error('a bug')]);
  });
});
