import { describe, expect, test } from '@jest/globals';
import { defer, of, retry, throwError } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';

import { Backoff } from '../src/connection/backoff.js';
import { failureOfClose } from '../src/core/connection-failure.js';
import { emitAfter } from '../src/core/emit-after.js';
import type { ClientEnvironment } from '../src/core/environment.js';
import { BACKOFF } from '../src/core/options.js';
import { battle, setUp } from './support/bench.js';

/** The marble diagrams' own clock as a client's environment. */
function marbleEnvironment(
  scheduler: TestScheduler,
  random: () => number,
): Pick<ClientEnvironment, 'setTimer' | 'random'> {
  return {
    random,
    setTimer(callback, delay) {
      const scheduled = scheduler.schedule(callback, delay);
      return { cancel: () => scheduled.unsubscribe() };
    },
  };
}

const run = (
  check: (scheduler: TestScheduler, helpers: Parameters<Parameters<TestScheduler['run']>[0]>[0]) => void,
) => {
  const scheduler = new TestScheduler((actual, expected) => expect(actual).toEqual(expected));
  scheduler.run((helpers) => check(scheduler, helpers));
};

describe('backoff', () => {
  test('with a random number of 1, the delays are base + base · 2^n up to the cap', () => {
    run((scheduler, { expectObservable }) => {
      const environment = marbleEnvironment(scheduler, () => 1 - Number.EPSILON) as ClientEnvironment;
      const backoff = new Backoff(environment, { ...BACKOFF, networkMs: 10, maxMs: 50 });
      let attempt = 0;
      const attempts$ = defer(() => {
        attempt += 1;
        return attempt < 6 ? throwError(() => 'network' as const) : of(attempt);
      }).pipe(retry({ delay: () => emitAfter(environment, Math.round(backoff.next('network'))) }));
      // 20 + 30 + 50 + 50 + 50
      expectObservable(attempts$).toBe('200ms (a|)', { a: 6 });
    });
  });

  test('with a random number of 0, each delay is the base', () => {
    run((scheduler, { expectObservable }) => {
      const environment = marbleEnvironment(scheduler, () => 0) as ClientEnvironment;
      const backoff = new Backoff(environment, { ...BACKOFF, serverMs: 100 });
      let attempt = 0;
      const attempts$ = defer(() => {
        attempt += 1;
        return attempt < 4 ? throwError(() => 'server' as const) : of(attempt);
      }).pipe(retry({ delay: () => emitAfter(environment, backoff.next('server')) }));
      expectObservable(attempts$).toBe('300ms (a|)', { a: 4 });
    });
  });

  test('an error of the delay function ends the attempts', () => {
    run((_, { expectObservable, cold }) => {
      const attempts$ = cold('--#', {}, 'refused').pipe(retry({ delay: (failure) => throwError(() => failure) }));
      expectObservable(attempts$).toBe('--#', {}, 'refused');
    });
  });

  test('unsubscribing during a delay leaves no timer', () => {
    run((scheduler, { expectObservable, cold, flush }) => {
      const environment = marbleEnvironment(scheduler, () => 0) as ClientEnvironment;
      const attempts$ = cold('#').pipe(retry({ delay: () => emitAfter(environment, 1_000) }));
      expectObservable(attempts$, '--!').toBe('---');
      flush();
      expect(scheduler.now()).toBeLessThan(1_000);
    });
  });

  test.each([
    ['network', 300, 600],
    ['server', 1_000, 2_000],
    ['overload', 3_000, 6_000],
    ['none', 0, 300],
  ] as const)('the first delay after %s is between %i and %i ms', (cause, least, most) => {
    for (let i = 0; i < 100; i++) {
      const delay = new Backoff({ random: () => i / 100 }, BACKOFF).next(cause);
      expect(delay).toBeGreaterThanOrEqual(least);
      expect(delay).toBeLessThan(most);
    }
  });

  test('the server’s retryAfter replaces the base delay and is never shortened', () => {
    expect(new Backoff({ random: () => 0 }, BACKOFF).next('overload', 60_000)).toBe(60_000);
  });

  test.each([
    [1006, 'network'],
    [1001, 'network'],
    [1011, 'server'],
    [1012, 'server'],
    [4101, 'overload'],
    [4200, 'none'],
    [4001, 'network'],
    [4003, 'permanent'],
    [1009, 'server'],
    [1008, 'permanent'],
  ] as const)('a close with %i is a failure of the kind %s', (code, cause) => {
    expect(failureOfClose(code, '', undefined).cause).toBe(cause);
  });

  test('only a connection that was stable resets the attempts', async () => {
    const { environment, server, client } = setUp({ polling: { enabled: false } });
    client.state(battle).subscribe();
    for (let i = 0; i < 4; i++) {
      await environment.until(() => client.status.state === 'live');
      server.cut();
      await environment.advance(0);
      expect(client.status).toMatchObject({ state: 'offline', attempt: i + 2 });
    }
    await environment.until(() => client.status.state === 'live');
    await environment.advance(10_000);
    server.cut();
    await environment.advance(0);
    expect(client.status).toMatchObject({ state: 'offline', attempt: 2 });
  });

  test('a delay ends at once when the network is back or the page becomes visible', async () => {
    const { environment, server, client } = setUp({ polling: { enabled: false } });
    server.upgrades('reject');
    client.state(battle).subscribe();
    await environment.advance(120_000);
    server.upgrades('pass');
    const count = server.upgradeCount;
    environment.wake('online');
    await environment.advance(50);
    expect(server.upgradeCount).toBe(count + 1);
    expect(client.status.state).toBe('live');
  });

  test('a wake-up does not shorten the retryAfter of the server', async () => {
    const { environment, server, client } = setUp();
    client.state(battle).subscribe();
    await environment.advance(100);
    server.close(4100);
    await environment.advance(100);
    environment.wake('online');
    environment.wake('visible');
    await environment.advance(1_000);
    expect(server.upgradeCount).toBe(1);
    expect(client.status.state).toBe('offline');
  });

  test('an attempt without an answer is dropped when the network is back', async () => {
    const { environment, server, client } = setUp();
    server.upgrades('hang');
    client.state(battle).subscribe();
    await environment.advance(5_000);
    server.upgrades('pass');
    environment.wake('online');
    await environment.advance(500);
    expect(client.status.state).toBe('live');
  });
});

describe('R15: timers that were frozen', () => {
  test('an hour of sleep causes one reconnect', async () => {
    const { environment, server, client } = setUp({}, { heartbeat: { interval: 5_000, timeout: 2_000 } });
    client.state(battle).subscribe();
    await environment.advance(1_000);
    server.cut();
    await environment.sleep(3_600_000);
    environment.wake('online');
    environment.wake('visible');
    await environment.advance(10_000);
    expect(server.upgradeCount).toBe(2);
    expect(server.polls.length).toBeLessThan(2);
    expect(client.status.state).toBe('live');
  });

  test('a machine that slept keeps a socket with unread frames', async () => {
    const { environment, server, client, states } = setUp({}, { heartbeat: { interval: 5_000, timeout: 2_000 } });
    client.state(battle).subscribe();
    await environment.advance(1_000);
    for (let i = 0; i < 5; i++) {
      await environment.sleep(600_000);
      await environment.advance(1_000);
    }
    expect(new Set(states())).toEqual(new Set(['idle', 'connecting', 'live']));
    expect(client.status.state).toBe('live');
    expect(server.upgradeCount).toBe(1);
  });

  test('a tab whose timers run once a minute still detects a dead socket', async () => {
    const { environment, server, client } = setUp({}, { latency: 0, heartbeat: { interval: 5_000, timeout: 2_000 } });
    client.state(battle).subscribe();
    await environment.advance(1_000);
    server.blackhole();
    for (let minute = 0; minute < 8; minute++) await environment.sleep(60_000);
    await environment.advance(1_000);
    expect(server.upgradeCount).toBe(2);
    expect(client.status.state).toBe('live');
  });

  test('a wall clock that is set back has no effect, and one that is set forward causes one probe', async () => {
    const { environment, server, client, states } = setUp();
    client.state(battle).subscribe();
    await environment.advance(1_000);
    environment.setWallClock(0);
    await environment.advance(100_000);
    expect(states()).toEqual(['idle', 'connecting', 'live']);
    environment.setWallClock(Date.UTC(2090, 0, 1));
    await environment.advance(100_000);
    expect(states()).toEqual(['idle', 'connecting', 'live', 'connecting', 'live']);
    expect(server.upgradeCount).toBe(1);
  });
});
