import { describe, expect, test } from '@jest/globals';

import type { RealtimeClientOptions, TopicState } from '../src/index.js';
import { battle, battleAt, pause, setUp, type Battle } from './support/bench.js';

const TEN_MINUTES = 600_000;

const FAILURES: Record<string, { readonly token: () => never; readonly message: string }> = {
  rejects: { token: () => Promise.reject(new Error('login_required')) as never, message: 'login_required' },
  throws: {
    token: () => {
      throw new Error('login_required');
    },
    message: 'login_required',
  },
  'rejects with an object that is no Error': {
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- Angular's HttpErrorResponse is no Error
    token: () => Promise.reject({ message: 'login_required' }) as never,
    message: 'login_required',
  },
  'returns null': {
    token: () => null as never,
    message: 'The option `token` must return a token or undefined, got null.',
  },
  'returns an empty string': {
    token: () => '' as never,
    message: 'The option `token` must return a token or undefined, got "".',
  },
  'resolves with null': {
    token: () => Promise.resolve(null) as never,
    message: 'The option `token` must return a token or undefined, got null.',
  },
};

const TRANSPORTS: Record<string, Partial<RealtimeClientOptions>> = {
  'with a WebSocket': {},
  'without a WebSocket': { environment: { openWebSocket: undefined } },
  'without polling': { polling: { enabled: false } },
};

const cases = Object.entries(FAILURES).flatMap(([failure, given]) =>
  Object.entries(TRANSPORTS).map(([transport, options]) => [failure, transport, given, options] as const),
);

describe('R23: a token function that fails', () => {
  test.each(cases)(
    'and %s, %s, is one steady state with at most 20 calls in ten minutes',
    async (_failure, _transport, { token, message }, options) => {
      let calls = 0;
      const { environment, server, client, statuses } = setUp({
        ...options,
        token: () => {
          calls += 1;
          return token();
        },
      });
      client.state(battle).subscribe();
      await environment.advance(TEN_MINUTES);
      expect(calls).toBeGreaterThan(8);
      expect(calls).toBeLessThanOrEqual(20);
      const since = statuses.findIndex(({ state }) => state === 'offline');
      const reasons = statuses.slice(since).map((status) => [status.state, 'reason' in status && status.reason]);
      expect(new Set(reasons.map((reason) => JSON.stringify(reason)))).toEqual(
        new Set([JSON.stringify(['offline', { code: 'signed-out', message }])]),
      );
      expect(server.polls).toHaveLength(0);
      expect(server.connections).toHaveLength(0);
    },
  );

  test.each(Object.entries(TRANSPORTS))('signs in at once when the user comes back, %s', async (_, options) => {
    let isSignedIn = false;
    const { environment, server, client } = setUp({
      ...options,
      token: () => (isSignedIn ? Promise.resolve('secret') : Promise.reject(new Error('login_required'))),
    });
    server.publish(battle, battleAt(1));
    const values: Battle[] = [];
    client.state(battle).subscribe((value) => values.push(value));
    await environment.advance(TEN_MINUTES);
    expect(values).toEqual([]);
    isSignedIn = true;
    client.reauthenticate();
    await environment.advance(600);
    expect(values).toEqual([battleAt(1)]);
    expect(['live', 'polling']).toContain(client.status.state);
  });

  test('during a slow call counts only the call after the sign-in', async () => {
    let rejectFirst: (error: Error) => void = () => undefined;
    let calls = 0;
    const { environment, client } = setUp({
      token: () => {
        calls += 1;
        return calls === 1 ? new Promise((_, reject) => (rejectFirst = reject)) : 'secret';
      },
    });
    client.state(battle).subscribe();
    await environment.advance(100);
    client.reauthenticate();
    await environment.advance(400);
    expect(client.status.state).toBe('live');
    rejectFirst(new Error('login_required'));
    await environment.advance(100);
    expect(client.status.state).toBe('live');
    client.reauthenticate();
    await environment.advance(500);
    expect(client.status.state).toBe('live');
  });

  test('after a connection makes its value stale, and drops nothing', async () => {
    let isSignedIn = true;
    const { environment, server, client } = setUp({
      token: () => (isSignedIn ? 'secret' : Promise.reject(new Error('login_required'))),
    });
    server.publish(battle, battleAt(1));
    let last: TopicState<Battle> | undefined;
    client.topic(battle).subscribe((state) => (last = state));
    await environment.advance(1_000);
    isSignedIn = false;
    server.cut();
    await environment.advance(5_000);
    expect(client.status).toMatchObject({ state: 'offline', reason: { code: 'signed-out' } });
    expect(last).toMatchObject({ value: battleAt(1), freshness: { state: 'stale' } });
  });

  test.each(Object.entries(TRANSPORTS))(
    'runs no action before the sign-in, and each later one once, %s',
    async (_, options) => {
      let isSignedIn = false;
      const { environment, server, client } = setUp({
        ...options,
        token: () => (isSignedIn ? 'secret' : Promise.reject(new Error('login_required'))),
      });
      server.handle(pause.name, () => ({ paused: true }));
      const results: unknown[] = [];
      const act = () =>
        client.act(pause, { battleId: '1' }).subscribe({
          next: (result) => results.push(result),
          error: ({ code }: { code: string }) => results.push(code),
        });
      act();
      await environment.advance(TEN_MINUTES);
      expect(server.actions.run).toEqual([]);
      expect(['not_sent', 'outcome_unknown']).toContain(results.pop());
      isSignedIn = true;
      client.reauthenticate();
      act();
      await environment.advance(3_000);
      expect(results).toEqual([{ paused: true }]);
      expect(server.actions.run).toHaveLength(1);
    },
  );

  test.each(['online', 'visible'] as const)('is called again at once after the event `%s`', async (cause) => {
    let isUp = false;
    const { environment, client } = setUp({
      token: () => (isUp ? 'secret' : Promise.reject(new Error('the session service is down'))),
    });
    client.state(battle).subscribe();
    await environment.advance(TEN_MINUTES);
    isUp = true;
    environment.wake(cause);
    await environment.advance(100);
    expect(client.status.state).toBe('live');
  });
});
