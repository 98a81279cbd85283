import { inject, Injectable, PLATFORM_ID, signal } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { beforeEach, describe, expect, jest, test } from '@jest/globals';
import { FakeServer, VirtualEnvironment } from '@statewire/testing';

import { first } from '../test/support/contract.js';
import { PACE } from './pace.js';
import { WARN } from './development-warnings.js';
import { provideRealtime } from './provide-realtime.js';
import { RealtimeService } from './realtime.service.js';
import { withAuth } from './with-auth.js';
import { withPolling } from './with-polling.js';

@Injectable({ providedIn: 'root' })
class Session {
  readonly token = signal<string | undefined>('ada');
}

describe('withAuth with a signal', () => {
  const token = signal<string | undefined>(undefined);
  let environment: VirtualEnvironment;
  let server: FakeServer;
  /** The tokens that the server has verified. */
  let presented: (string | undefined)[];

  function provide(auth = withAuth(token)): void {
    TestBed.configureTestingModule({
      providers: [
        { provide: WARN, useValue: () => undefined },
        { provide: PACE, useValue: (deliver: () => void) => deliver() },
        provideRealtime({ origin: 'http://fake', environment }, auth, withPolling({ enabled: false })),
      ],
    });
  }

  async function connect(): Promise<void> {
    TestBed.inject(RealtimeService).connect();
    await settle();
  }

  async function settle(): Promise<void> {
    TestBed.tick();
    await environment.advance(1_000);
  }

  beforeEach(() => {
    token.set('ada');
    environment = new VirtualEnvironment();
    server = new FakeServer(environment);
    presented = [];
    server.verify = (verified) => void presented.push(verified);
  });

  test('presents the first value once', async () => {
    provide();
    await connect();
    await settle();
    expect(presented).toEqual(['ada']);
  });

  test('presents the value that the signal has when the client connects', async () => {
    provide();
    TestBed.inject(RealtimeService);
    token.set('eve');
    await settle();
    expect(presented).toEqual([]);

    await connect();

    expect(presented).toEqual(['eve']);
  });

  test('presents a new value on the open connection', async () => {
    provide();
    await connect();

    token.set('eve');
    await settle();

    expect(presented).toEqual(['ada', 'eve']);
    expect(server.upgradeCount).toBe(1);
  });

  test('presents a value that the signal got before the first run of the effects', async () => {
    provide();
    TestBed.inject(RealtimeService).connect();
    token.set('eve');

    await settle();

    expect(presented.at(-1)).toBe('eve');
  });

  test('presents the newest of several values that the signal got at once', async () => {
    provide();
    await connect();

    token.set('bob');
    token.set(undefined);
    token.set('eve');
    await settle();

    expect(presented).toEqual(['ada', 'eve']);
  });

  test('does nothing when the signal gets the same value again', async () => {
    provide();
    await connect();

    token.set('ada');
    await settle();

    expect(presented).toEqual(['ada']);
  });

  test('signs out when the value becomes undefined, drops the values, and signs in with the next value', async () => {
    provide();
    server.publish(first, { tick: 1 });
    const values: unknown[] = [];
    TestBed.inject(RealtimeService)
      .topic(first)
      .subscribe(({ value }) => values.push(value?.tick));
    await connect();
    expect(values.at(-1)).toBe(1);
    values.length = 0;

    token.set(undefined);
    await settle();
    expect(values).toEqual([undefined, 1]);
    expect(server.connections.map(({ hello }) => hello?.token)).toEqual([undefined]);

    token.set('eve');
    await settle();
    expect(server.connections.map(({ hello }) => hello?.token)).toEqual(['eve']);
  });

  test('connects again with a new value after the server rejected the old one', async () => {
    server.verify = (verified) => (verified === 'eve' ? undefined : 'forbidden');
    provide();
    await connect();
    const realtime = TestBed.inject(RealtimeService);
    expect(realtime.status().state).toBe('denied');

    token.set('eve');
    await settle();

    expect(server.connections.map(({ hello }) => hello?.token)).toEqual(['eve']);
  });

  test('follows a signal that its function returns in an injection context', async () => {
    provide(withAuth(() => inject(Session).token));
    await connect();

    TestBed.inject(Session).token.set('eve');
    await settle();

    expect(presented).toEqual(['ada', 'eve']);
  });

  test('follows only the signal that its function returned last', async () => {
    const other = signal<string | undefined>('eve');
    let current = token;
    provide(withAuth(() => current));
    await connect();
    current = other;
    TestBed.inject(RealtimeService).reauthenticate();
    await settle();
    expect(presented).toEqual(['ada', 'eve']);

    token.set('bob');
    await settle();
    expect(presented).toEqual(['ada', 'eve']);
    other.set('mallory');
    await settle();

    expect(presented).toEqual(['ada', 'eve', 'mallory']);
  });

  test('stops following a signal when its function returns a token instead', async () => {
    let source: string | typeof token = token;
    provide(withAuth(() => source));
    await connect();

    source = 'renewed';
    server.cut();
    await settle();
    expect(presented).toEqual(['ada', 'renewed']);

    token.set('eve');
    await settle();
    expect(presented).toEqual(['ada', 'renewed']);
  });

  test('stops when the injector is destroyed', async () => {
    provide();
    await connect();

    TestBed.resetTestingModule();
    token.set('eve');
    await settle();

    expect(presented).toEqual(['ada']);
  });

  test('reads no signal during server rendering', async () => {
    const getToken = jest.fn(() => token);
    TestBed.configureTestingModule({ providers: [{ provide: PLATFORM_ID, useValue: 'server' }] });
    provide(withAuth(getToken));
    await connect();

    token.set('eve');
    await settle();

    expect(getToken).not.toHaveBeenCalled();
    expect(server.upgradeCount).toBe(0);
  });
});
