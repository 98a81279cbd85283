import 'zone.js';

import {
  afterEveryRender,
  ChangeDetectionStrategy,
  Component,
  ErrorHandler,
  inject,
  NgZone,
  provideZoneChangeDetection,
  signal,
} from '@angular/core';
import { TestBed, type ComponentFixture } from '@angular/core/testing';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { provideRealtimeTesting, RealtimeTestingController } from '@statewire/angular/testing';
import type { RealtimeClientError } from '@statewire/client';
import { FakeServer, VirtualEnvironment } from '@statewire/testing';
import { Observable, Subject } from 'rxjs';

import { first, mine, pause } from '../test/support/contract.js';
import { injectAction } from './inject-action.js';
import { injectEvents } from './inject-events.js';
import { injectTopic } from './inject-topic.js';
import { framePace, PACE } from './pace.js';
import { REALTIME_CLIENT } from './realtime-client.js';
import { provideRealtime } from './provide-realtime.js';
import { RealtimeService } from './realtime.service.js';
import { withAuth } from './with-auth.js';

abstract class Counting {
  renders = 0;

  constructor() {
    afterEveryRender({ read: () => void this.renders++ });
  }
}

@Component({
  selector: 'sw-reading',
  template: `{{ battle.value()?.tick }}`,
  changeDetection: ChangeDetectionStrategy.OnPush,
})
class Reading extends Counting {
  readonly battle = injectTopic(() => first);
}

/** The old way: a plain field set by an observer, which only the zone brings to the template. */
@Component({ selector: 'sw-field', template: `{{ tick }}` })
class Field extends Counting {
  tick = 0;

  constructor() {
    super();
    inject(RealtimeService)
      .state(first)
      .subscribe((battle) => (this.tick = battle.tick));
  }
}

@Component({ selector: 'sw-notice', template: `{{ text }}` })
class NoticeLine extends Counting {
  text = '';

  constructor() {
    super();
    injectEvents(
      () => mine,
      (notice) => (this.text = notice.text),
    );
  }
}

@Component({ selector: 'sw-following', template: 'unrelated' })
class Following extends Counting {
  readonly battle = injectTopic(() => first);
}

@Component({
  selector: 'sw-pausing',
  template: `{{ pause.pending() ? 'pending' : pause.error()?.code }}`,
  changeDetection: ChangeDetectionStrategy.OnPush,
})
class Pausing extends Counting {
  readonly pause = injectAction(pause);
}

describe('with zone.js', () => {
  let server: RealtimeTestingController;
  let zone: NgZone;

  beforeEach(() => {
    jest.useFakeTimers();
    TestBed.configureTestingModule({
      providers: [provideZoneChangeDetection(), provideRealtimeTesting(), { provide: PACE, useFactory: framePace }],
    });
    server = TestBed.inject(RealtimeTestingController);
    zone = TestBed.inject(NgZone);
  });

  afterEach(() => void jest.useRealTimers());

  async function render<T extends Counting>(component: new () => T): Promise<ComponentFixture<T>> {
    const fixture = TestBed.createComponent(component);
    fixture.autoDetectChanges();
    await frames();
    fixture.componentInstance.renders = 0;
    return fixture;
  }

  /** Time for a delivery and the change detections it causes. */
  function frames(): Promise<void> {
    return jest.advanceTimersByTimeAsync(100);
  }

  function text(fixture: ComponentFixture<unknown>): string {
    return (fixture.nativeElement as HTMLElement).textContent;
  }

  test('the zone is the real one', () => {
    expect(zone).toBeInstanceOf(NgZone);
    expect(zone.run(() => NgZone.isInAngularZone())).toBe(true);
  });

  test('a plain field set by an observer reaches the template', async () => {
    const fixture = await render(Field);
    server.publish(first, { tick: 1 });
    await frames();
    expect(text(fixture)).toBe('1');
  });

  test('a plain field set by a handler of events reaches the template', async () => {
    const fixture = await render(NoticeLine);
    server.emit(mine, { text: 'Victory' });
    await frames();
    expect(text(fixture)).toBe('Victory');
  });

  test.each<[read: string, component: new () => Counting]>([
    ['a signal', Reading],
    ['a plain field', Field],
  ])(
    'a hundred messages in one task cause one change detection of values read through %s',
    async (_read, component) => {
      const fixture = await render(component);

      for (let tick = 1; tick <= 100; tick++) server.publish(first, { tick });
      await frames();

      expect(text(fixture)).toBe('100');
      expect(fixture.componentInstance.renders).toBe(1);
    },
  );

  test('a topic that no template reads causes no change detection', async () => {
    const fixture = await render(Following);
    server.publish(first, { tick: 1 });
    await frames();
    expect(fixture.componentInstance.battle.value()).toEqual({ tick: 1 });
    expect(fixture.componentInstance.renders).toBe(0);
  });

  test('the client runs outside the zone, and observers are called inside', async () => {
    const seen: [what: string, inside: boolean][] = [];
    const note = (what: string): void => void seen.push([what, NgZone.isInAngularZone()]);
    const values = new Subject<{ tick: number }>();
    const client = TestBed.inject(REALTIME_CLIENT);
    jest.spyOn(client, 'state').mockReturnValue(
      new Observable((subscriber) => {
        note('subscribe');
        const subscription = values.subscribe(subscriber);
        return () => {
          note('unsubscribe');
          subscription.unsubscribe();
        };
      }),
    );
    jest.spyOn(client, 'connect').mockImplementation(() => note('connect'));
    jest.spyOn(client, 'close').mockImplementation(() => note('close'));
    jest.spyOn(client, 'reauthenticate').mockImplementation(() => note('reauthenticate'));
    const act = client.act.bind(client);
    jest.spyOn(client, 'act').mockImplementation((...sent) => {
      note('act');
      return act(...sent);
    });
    const service = TestBed.inject(RealtimeService);
    server.goPolling();

    const subscription = zone.run(() => {
      service.connect();
      service.act(pause, { battleId: '1' }).subscribe(() => note('result'));
      return service.state(first).subscribe(() => note('value'));
    });
    server.expectAction(pause).respond({ paused: true });
    values.next({ tick: 1 });
    await frames();
    zone.run(() => {
      subscription.unsubscribe();
      service.reauthenticate();
      service.close();
    });

    expect(seen).toEqual([
      ['connect', false],
      ['act', false],
      ['subscribe', false],
      ['result', true],
      ['value', true],
      ['unsubscribe', false],
      ['reauthenticate', false],
      ['close', false],
    ]);
  });

  test('an unhandled error of an action reaches the ErrorHandler once, inside the zone', async () => {
    const seen = new Map<unknown, boolean>();
    TestBed.inject(ErrorHandler).handleError = (error: RealtimeClientError) => {
      expect(seen.has(error.code)).toBe(false);
      seen.set(error.code, NgZone.isInAngularZone());
    };
    const service = TestBed.inject(RealtimeService);

    zone.run(() => service.act(pause, { battleId: '1' }));
    zone.run(() => service.act(pause, { battleId: '2' }).subscribe());
    zone.run(() => service.act(pause, { battleId: '3' }).subscribe({ error: () => undefined }));
    for (const code of ['forbidden', 'unavailable', 'too_many_requests'] as const)
      server.expectAction(pause).reject(code);
    await frames();

    expect(Object.fromEntries(seen)).toEqual({ forbidden: true, unavailable: true });
  });

  test('the state of an action reaches the template', async () => {
    const fixture = await render(Pausing);
    void fixture.componentInstance.pause.run({ battleId: '1' });
    await frames();
    expect(text(fixture)).toBe('pending');

    server.expectAction(pause).reject('forbidden');
    await frames();

    expect(text(fixture)).toBe('forbidden');
  });

  test('a value that the client already has is delivered during the subscription', () => {
    server.goLive();
    server.publish(first, { tick: 7 });
    const ticks: number[] = [];

    zone.run(() =>
      TestBed.inject(RealtimeService)
        .state(first)
        .subscribe(({ tick }) => ticks.push(tick)),
    );

    expect(ticks).toEqual([7]);
  });

  test('observers get the status and each value in the order of their changes', async () => {
    server.goLive();
    const seen: (string | number)[] = [];
    const service = TestBed.inject(RealtimeService);
    service.status$.subscribe(({ state }) => seen.push(state));
    service.state(first).subscribe(({ tick }) => seen.push(tick));

    server.publish(first, { tick: 1 });
    server.publish(first, { tick: 2 });
    server.goOffline();
    server.publish(first, { tick: 3 });
    server.goPolling();
    await frames();

    expect(seen).toEqual(['live', 1, 2, 'offline', 'polling', 3]);
  });

  test('the real client opens its socket outside the zone, and calls the token function inside', async () => {
    const seen: [what: string, inside: boolean][] = [];
    const environment = new VirtualEnvironment();
    const { openWebSocket } = new FakeServer(environment);
    TestBed.resetTestingModule().configureTestingModule({
      providers: [
        provideZoneChangeDetection(),
        provideRealtime(
          {
            origin: 'http://fake',
            environment: {
              ...environment,
              openWebSocket: (url, protocol) => {
                seen.push(['socket', NgZone.isInAngularZone()]);
                return openWebSocket(url, protocol);
              },
            },
          },
          withAuth(() => {
            seen.push(['token', NgZone.isInAngularZone()]);
            return 'secret';
          }),
        ),
      ],
    });
    const realtime = TestBed.inject(RealtimeService);

    TestBed.inject(NgZone).run(() => realtime.state(first).subscribe());
    await environment.advance(10);

    expect(seen).toEqual(
      expect.arrayContaining([
        ['socket', false],
        ['token', true],
      ]),
    );
  });

  test('a changed signal of withAuth signs in again, outside the zone', async () => {
    jest.useRealTimers();
    const token = signal<string | undefined>('ada');
    const presented: [token: string | undefined, inside: boolean][] = [];
    const environment = new VirtualEnvironment();
    const fake = new FakeServer(environment);
    fake.verify = (verified) => void presented.push([verified, NgZone.isInAngularZone()]);
    TestBed.resetTestingModule().configureTestingModule({
      providers: [
        provideZoneChangeDetection(),
        provideRealtime({ origin: 'http://fake', environment }, withAuth(token)),
      ],
    });
    TestBed.inject(RealtimeService).connect();
    await environment.advance(100);

    TestBed.inject(NgZone).run(() => token.set('eve'));
    TestBed.tick();
    await environment.advance(100);

    expect(presented).toEqual([
      ['ada', false],
      ['eve', false],
    ]);
  });
});
