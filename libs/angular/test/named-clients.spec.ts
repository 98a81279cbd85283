import {
  createEnvironmentInjector,
  EnvironmentInjector,
  inject,
  provideZonelessChangeDetection,
  runInInjectionContext,
  signal,
} from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { describe, expect, test } from '@jest/globals';
import {
  injectAction,
  injectEvents,
  injectTopic,
  provideRealtime,
  realtimeClient,
  RealtimeService,
  withAuth,
} from '@statewire/angular';
import {
  provideRealtimeSimulation,
  provideRealtimeTesting,
  RealtimeSimulation,
  RealtimeTestingController,
} from '@statewire/angular/testing';
import { presenceTopic } from '@statewire/protocol';

import { battle, first, mine, pause } from './support/contract.js';

const PLAY = realtimeClient('play');
const SHOP = realtimeClient('shop');
const here = presenceTopic<string>()(battle).with({ battleId: '1' });

function run<T>(injector: EnvironmentInjector, create: () => T): T {
  const result = runInInjectionContext(injector, create);
  TestBed.tick();
  return result;
}

describe('several provideRealtime() in one injector', () => {
  test('throw, and the error names both origins and the remedy', () => {
    TestBed.configureTestingModule({
      providers: [provideRealtime({ origin: 'https://a.example' }), provideRealtime({ origin: 'https://b.example' })],
    });
    expect(() => TestBed.inject(EnvironmentInjector)).toThrow(
      /2 provideRealtime\(\), for "https:\/\/a\.example" and "https:\/\/b\.example"\. .*provideRealtime\(\{ client: PLAY/,
    );
  });

  test('throw in the providers of a route', () => {
    const providers = [provideRealtime(), provideRealtime({ origin: 'https://b.example' })];
    const root = TestBed.inject(EnvironmentInjector);
    expect(() => createEnvironmentInjector(providers, root)).toThrow(
      'for the origin of the page and "https://b.example"',
    );
  });

  test('throw with the same name', () => {
    TestBed.configureTestingModule({
      providers: [
        provideRealtime({ client: PLAY, origin: 'https://a.example' }),
        provideRealtime({ client: PLAY, origin: 'https://b.example' }),
      ],
    });
    expect(() => TestBed.inject(EnvironmentInjector)).toThrow(
      '2 provideRealtime() with the client "play", for "https://a.example" and "https://b.example".',
    );
  });

  test('do not throw with different names, or in an injector and its parent', () => {
    TestBed.configureTestingModule({
      providers: [provideRealtime(), provideRealtime({ client: PLAY }), provideRealtime({ client: SHOP })],
    });
    const root = TestBed.inject(EnvironmentInjector);
    expect(() => createEnvironmentInjector([provideRealtime(), provideRealtime({ client: PLAY })], root)).not.toThrow();
  });
});

describe('a client with a name', () => {
  test('has topics, events, presence, actions and a status of its own', async () => {
    TestBed.configureTestingModule({
      providers: [
        provideZonelessChangeDetection(),
        provideRealtime(),
        provideRealtime({ client: PLAY, origin: 'https://play.example' }),
        provideRealtimeTesting(),
        provideRealtimeTesting({ client: PLAY }),
      ],
    });
    const server = TestBed.inject(RealtimeTestingController);
    const play = TestBed.inject(RealtimeTestingController.of(PLAY));
    const notices: string[] = [];
    const page = run(TestBed.inject(EnvironmentInjector), () => {
      injectEvents(
        () => mine,
        ({ text }) => notices.push(text),
        { client: PLAY },
      );
      return {
        main: injectTopic(() => first),
        battle: injectTopic(() => first, { client: PLAY }),
        spectators: injectTopic(() => here, { client: PLAY }),
        pause: injectAction(pause, { client: PLAY }),
      };
    });
    server.publish(first, { tick: 1 });
    play.publish(first, { tick: 2 });
    play.publish(here, { count: 1, members: [] });
    play.emit(mine, { text: 'hello' });
    expect(page.main.value()).toEqual({ tick: 1 });
    expect(page.battle.value()).toEqual({ tick: 2 });
    expect(page.spectators.value()?.count).toBe(1);
    expect(notices).toEqual(['hello']);

    const outcome = page.pause.run({ battleId: '1' });
    server.verify();
    play.expectAction(pause).respond({ paused: true });
    expect(await outcome).toEqual({ result: { paused: true }, error: undefined });

    play.goOffline();
    expect(page.battle.freshness()?.state).toBe('stale');
    expect(page.main.freshness()?.state).toBe('live');
    expect(TestBed.inject(PLAY).status().state).toBe('offline');
    expect(TestBed.inject(RealtimeService).status().state).toBe('live');
  });

  test('works in a component test without provideRealtime()', () => {
    TestBed.configureTestingModule({ providers: [provideRealtimeTesting({ client: PLAY })] });
    const value = run(TestBed.inject(EnvironmentInjector), () => injectTopic(() => first, { client: PLAY }));
    TestBed.inject(RealtimeTestingController.of(PLAY)).publish(first, { tick: 3 });
    expect(value.value()).toEqual({ tick: 3 });
  });

  test('is the fake client of the test in the providers of a route too', () => {
    TestBed.configureTestingModule({ providers: [provideRealtimeTesting({ client: PLAY })] });
    const root = TestBed.inject(EnvironmentInjector);
    const route = createEnvironmentInjector([provideRealtime({ client: PLAY, origin: 'https://play.example' })], root);
    const value = run(route, () => injectTopic(() => first, { client: PLAY }));
    TestBed.inject(RealtimeTestingController.of(PLAY)).publish(first, { tick: 4 });
    expect(value.value()).toEqual({ tick: 4 });
  });

  test('that nothing provides throws an error with its name', () => {
    TestBed.configureTestingModule({ providers: [provideRealtime({ client: SHOP })] });
    const missing = 'The realtime client "play" is not provided.';
    expect(() => TestBed.inject(PLAY)).toThrow(missing);
    expect(() => run(TestBed.inject(EnvironmentInjector), () => injectTopic(() => first, { client: PLAY }))).toThrow(
      missing,
    );
  });

  test('closes with its injector', async () => {
    const root = TestBed.inject(EnvironmentInjector);
    const route = createEnvironmentInjector([provideRealtime({ client: PLAY, origin: 'https://play.example' })], root);
    const states: string[] = [];
    route.get(PLAY).status$.subscribe(({ state }) => states.push(state));
    route.destroy();
    await Promise.resolve();
    expect(states).toEqual(['idle', 'closed']);
  });
});

describe('two simulated servers', () => {
  const token = signal<string | undefined>('of-play');

  function start() {
    TestBed.configureTestingModule({
      providers: [
        provideZonelessChangeDetection(),
        provideRealtime({ origin: 'https://main.example', lingerMs: 0 }),
        provideRealtimeSimulation({ latency: 20 }),
        provideRealtimeSimulation({ client: PLAY, latency: 20 }),
      ],
    });
    const root = TestBed.inject(EnvironmentInjector);
    const config = { client: PLAY, origin: 'https://play.example', lingerMs: 0 };
    return {
      root,
      /** Angular keeps the injector of a route after the page has left it. */
      route: createEnvironmentInjector(
        [
          provideRealtime(
            config,
            withAuth(() => token),
          ),
        ],
        root,
      ),
      main: TestBed.inject(RealtimeSimulation),
      play: TestBed.inject(RealtimeSimulation.of(PLAY)),
    };
  }

  /** Visits a page, and returns a function that leaves it. */
  function visit(route: EnvironmentInjector, client?: typeof PLAY): () => void {
    const page = createEnvironmentInjector([], route);
    run(page, () => injectTopic(() => first, client === undefined ? {} : { client }));
    return () => page.destroy();
  }

  test('share one clock, and each has the tokens of its client', async () => {
    const { root, route, main, play } = start();
    visit(root);
    visit(route, PLAY);
    await play.until(() => play.server.connections.length === 1 && main.server.connections.length === 1);
    await main.clock.advance(100);
    expect(play.server.connections[0]?.hello?.token).toBe('of-play');
    expect(main.server.connections[0]?.hello?.token).toBeUndefined();
    expect(play.clock.monotonic()).toBe(main.clock.monotonic());

    token.set('renewed');
    await main.clock.advance(100);
    const renewed = expect.objectContaining({ type: 'authenticate', token: 'renewed' });
    expect(play.server.connections[0]?.received).toContainEqual(renewed);
    expect(main.server.connections[0]?.received).not.toContainEqual(renewed);
  });

  test('lose the client of a route 10 s after its last use, and the client of the application never', async () => {
    const { root, route, main, play } = start();
    visit(root)();
    const leave = visit(route, PLAY);
    await play.clock.advance(60_000);
    leave();
    await play.clock.advance(9_000);
    const back = visit(route, PLAY);
    await play.clock.advance(60_000);
    expect(play.server.upgradeCount).toBe(1);

    back();
    await play.clock.advance(11_000);
    expect(play.server.connections).toEqual([]);
    expect(route.get(PLAY).status().state).toBe('idle');
    expect(main.server.connections).toHaveLength(1);

    visit(route, PLAY);
    await play.clock.advance(1_000);
    expect(route.get(PLAY).status().state).toBe('live');
  });

  test('lose the client without a name of a route too', async () => {
    const { root, main } = start();
    const { environment } = main;
    const route = createEnvironmentInjector([provideRealtime({ origin: 'https://other.example', environment })], root);
    const leave = visit(route);
    await main.clock.advance(20_000);
    expect(main.server.connections).toHaveLength(1);
    leave();
    await main.clock.advance(12_000);
    expect(main.server.connections).toEqual([]);
  });

  test('do not hide the service of each client', () => {
    const { root, route } = start();
    expect(route.get(PLAY)).toBeInstanceOf(RealtimeService);
    expect(route.get(RealtimeService)).toBe(root.get(RealtimeService));
    expect(run(route, () => inject(PLAY))).toBe(route.get(PLAY));
  });
});
