import { createEnvironmentInjector, EnvironmentInjector, inject, InjectionToken, PLATFORM_ID } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { describe, expect, jest, test } from '@jest/globals';
import type { ClientEnvironment, RealtimeClientOptions, WebSocketLike } from '@statewire/client';
import { filter, firstValueFrom } from 'rxjs';

import { first, mine, pause } from '../test/support/contract.js';
import { injectTopic } from './inject-topic.js';
import { provideRealtime } from './provide-realtime.js';
import { REALTIME_OPTIONS } from './realtime-options.js';
import { RealtimeService } from './realtime.service.js';
import { withAuth } from './with-auth.js';
import { withBackoff } from './with-backoff.js';
import { withPolling } from './with-polling.js';
import { withWebSocket } from './with-web-socket.js';

function closedNetwork() {
  return {
    openWebSocket: jest.fn<(url: string, protocol: string) => WebSocketLike>(() => {
      throw new Error('no network in this test');
    }),
    fetch: jest.fn<typeof fetch>(() => Promise.reject(new TypeError('no network in this test'))),
  } satisfies Partial<ClientEnvironment>;
}

function optionsOf(...providers: ReturnType<typeof provideRealtime>[]): RealtimeClientOptions {
  TestBed.configureTestingModule({ providers });
  return Object.assign({}, ...TestBed.inject(REALTIME_OPTIONS)) as RealtimeClientOptions;
}

describe('provideRealtime', () => {
  test('combines the configuration and the options of the features', () => {
    const enabled = (): boolean => false;
    const options = optionsOf(
      provideRealtime(
        { origin: 'https://api.example', lingerMs: 0 },
        withPolling({ intervalMs: 5_000 }),
        withBackoff({ maxMs: 10_000 }),
        withWebSocket({ enabled }),
      ),
    );
    expect(options).toEqual({
      origin: 'https://api.example',
      lingerMs: 0,
      polling: { intervalMs: 5_000 },
      backoff: { maxMs: 10_000 },
      webSocket: { enabled },
    });
  });

  test('takes features without a configuration, and no argument at all', () => {
    expect(optionsOf(provideRealtime(withPolling({ intervalMs: 5_000 }), withBackoff({ maxMs: 10_000 })))).toEqual({
      polling: { intervalMs: 5_000 },
      backoff: { maxMs: 10_000 },
    });
    TestBed.resetTestingModule();
    expect(optionsOf(provideRealtime())).toEqual({});
  });

  test('calls the function of withAuth for each token, in an injection context and with the reason', async () => {
    const SESSION = new InjectionToken<{ token: string }>('SESSION', { factory: () => ({ token: 'first' }) });
    const { token } = optionsOf(
      provideRealtime(withAuth((reason) => Promise.resolve(`${reason}:${inject(SESSION).token}`))),
    );
    expect(await token?.('connect')).toBe('connect:first');
    TestBed.inject(SESSION).token = 'second';
    expect(await token?.('expired')).toBe('expired:second');
  });

  test('writes to the console why the server rejects the page, with the remedy', async () => {
    const warn = jest.spyOn(console, 'warn').mockImplementation(() => undefined);
    const message = 'The origin "http://localhost:4200" is not allowed. Add it to allowedOrigins of the server.';
    const body = JSON.stringify({ type: 'error', code: 'forbidden', message, temporary: false });
    const response = { status: 403, headers: new Map(), text: () => Promise.resolve(body) } as unknown as Response;
    const environment = { ...closedNetwork(), fetch: () => Promise.resolve(response) };
    TestBed.configureTestingModule({ providers: [provideRealtime({ origin: 'https://play.example', environment })] });
    const { status$ } = TestBed.inject(RealtimeService);
    TestBed.inject(RealtimeService).connect();
    await firstValueFrom(status$.pipe(filter(({ state }) => state === 'denied')));
    expect(warn.mock.calls).toEqual([[`Statewire: the server rejects this page (forbidden). ${message}`]]);
    warn.mockRestore();
  });

  test('throws an error that names provideRealtime() if it is missing', () => {
    expect(() => TestBed.inject(RealtimeService)).toThrow(
      /^Statewire is not provided\. Add provideRealtime\(\) to the providers .* two copies of @statewire\/angular/,
    );
  });

  test('opens no connection before the first subscription', () => {
    const network = closedNetwork();
    TestBed.configureTestingModule({
      providers: [provideRealtime({ origin: 'https://api.example', environment: network })],
    });

    expect(TestBed.inject(RealtimeService).status().state).toBe('idle');

    expect(network.openWebSocket).not.toHaveBeenCalled();
    expect(network.fetch).not.toHaveBeenCalled();
  });

  test('closes the client when the application is destroyed', async () => {
    TestBed.configureTestingModule({
      providers: [provideRealtime({ origin: 'https://api.example', environment: closedNetwork() })],
    });
    const states: string[] = [];
    const { status$ } = TestBed.inject(RealtimeService);
    status$.subscribe(({ state }) => states.push(state));

    TestBed.resetTestingModule();
    await Promise.resolve();

    expect(states).toEqual(['idle', 'closed']);
  });

  test('creates another client for another injector, such as that of a route', async () => {
    const config = { origin: 'https://api.example', environment: closedNetwork() };
    TestBed.configureTestingModule({ providers: [provideRealtime(config)] });
    const whole = TestBed.inject(RealtimeService);
    const route = createEnvironmentInjector([provideRealtime(config)], TestBed.inject(EnvironmentInjector));
    const routed = route.get(RealtimeService);
    const states: string[] = [];
    routed.status$.subscribe(({ state }) => states.push(state));

    route.destroy();
    await Promise.resolve();

    expect(routed).not.toBe(whole);
    expect(states).toEqual(['idle', 'closed']);
    expect(whole.status().state).toBe('idle');
  });
});

describe('provideRealtime during server rendering', () => {
  test('neither connects nor polls, and stays idle', async () => {
    const network = closedNetwork();
    TestBed.configureTestingModule({
      providers: [
        { provide: PLATFORM_ID, useValue: 'server' },
        provideRealtime({ origin: 'https://api.example', environment: network }),
      ],
    });
    const realtime = TestBed.inject(RealtimeService);
    const heard = jest.fn();

    realtime.connect();
    realtime.reauthenticate();
    realtime.state(first).subscribe(heard);
    realtime.topic(first).subscribe(heard);
    realtime.events(mine).subscribe(heard);
    realtime.deliveries(mine).subscribe(heard);
    const battle = TestBed.runInInjectionContext(() => injectTopic(() => first));
    TestBed.tick();
    await Promise.resolve();

    expect(battle.status()).toBe('loading');
    expect(battle.value()).toBeUndefined();
    expect(realtime.status().state).toBe('idle');
    expect((await firstValueFrom(realtime.metrics$)).polls).toBe(0);
    expect(heard).not.toHaveBeenCalled();
    expect(network.openWebSocket).not.toHaveBeenCalled();
    expect(network.fetch).not.toHaveBeenCalled();
    await expect(firstValueFrom(realtime.act(pause, { battleId: '1' }))).rejects.toMatchObject({ code: 'not_sent' });
    realtime.close();
  });
});
