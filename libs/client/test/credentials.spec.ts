import { describe, expect, test } from '@jest/globals';

import { FakeServer, VirtualEnvironment } from '@statewire/testing';

import { battle, battleAt, pause, setUp, type Battle, type Setup } from './support/bench.js';
import { createRealtimeClient, type TopicState } from '../src/index.js';

/** Follows a battle that the server rejects and later allows for new subscriptions. @returns the states of the battle. */
async function followRejected({ environment, server, client }: Setup): Promise<readonly TopicState<Battle>[]> {
  server.publish(battle, battleAt(1));
  server.reject(battle, 'forbidden');
  const states: TopicState<Battle>[] = [];
  client.topic(battle).subscribe((state) => states.push(state));
  await environment.advance(100);
  expect(states.at(-1)).toMatchObject({ error: { code: 'forbidden' } });
  server.reject(battle, undefined);
  return states;
}

describe('credentials', () => {
  test('4202 requests a new token and reconnects at once', async () => {
    const reasons: string[] = [];
    let expired = false;
    const { environment, server, client } = setUp({
      token: (reason) => {
        reasons.push(reason);
        return reason === 'expired' ? 'new' : 'old';
      },
    });
    server.verify = (token) => (expired && token === 'old' ? 'expired' : undefined);
    client.state(battle).subscribe();
    await environment.advance(100);
    expired = true;
    server.close(4202);
    await environment.advance(450);
    expect(client.status.state).toBe('live');
    expect(server.connections[0]!.hello).toMatchObject({ token: 'new' });
    expect(reasons).toEqual(['connect', 'expired']);
  });

  test('4202 twice without a welcome between them denies the client', async () => {
    const { environment, server, client } = setUp({ token: () => 'old' });
    server.verify = () => 'expired';
    client.state(battle).subscribe();
    await environment.advance(1_000);
    expect(client.status).toMatchObject({ state: 'denied', reason: { code: 'close-4202' } });
    expect(server.upgradeCount).toBe(2);
  });

  test('a poll with 401 is repeated once with a new token, then the client is denied', async () => {
    let answer = 'new';
    const { environment, server, client } = setUp({
      environment: { openWebSocket: undefined },
      token: (reason) => (reason === 'expired' ? answer : 'old'),
    });
    server.publish(battle, battleAt(1));
    server.verify = (token) => (token === 'old' ? 'unauthorized' : undefined);
    client.state(battle).subscribe();
    await environment.advance(200);
    expect(client.status.state).toBe('polling');
    answer = 'old';
    await environment.advance(5_000);
    expect(client.status).toMatchObject({ state: 'denied', reason: { code: 'unauthorized' } });
    const polls = server.polls.length;
    await environment.advance(60_000);
    expect(server.polls).toHaveLength(polls);
  });

  test('the client presents a new token on the socket before the old one expires', async () => {
    let tokens = 0;
    const { environment, server, client, states } = setUp({ token: () => `token-${++tokens}` });
    server.expiresAt = () => environment.now() + 300_000;
    client.state(battle).subscribe();
    await environment.advance(1_000_000);
    const sent = server.connections[0]!.received.filter(({ type }) => type === 'authenticate');
    expect(sent.map((frame) => 'token' in frame && frame.token)).toEqual(['token-2', 'token-3', 'token-4']);
    expect(states()).toEqual(['idle', 'connecting', 'live']);
  });

  test('credentials are renewed before an earlier expiry from the server', async () => {
    const { environment, server, client, states } = setUp({
      token: (reason) => (reason === 'expired' ? 'new' : 'old'),
    });
    client.state(battle).subscribe();
    await environment.advance(1_000);
    const [connection] = server.connections;
    // As in the grace of a revocation.
    connection!.send({ type: 'authenticated', expiresAt: environment.now() + 10_000 });
    await environment.advance(7_000);
    expect(connection!.received.filter(({ type }) => type === 'authenticate')).toEqual([]);
    await environment.advance(2_900);
    expect(connection!.received).toContainEqual(expect.objectContaining({ type: 'authenticate', token: 'new' }));
    expect(states()).toEqual(['idle', 'connecting', 'live']);
  });

  test('a new expiry without a ref is not the answer to a presented token', async () => {
    let token = 'of-ann';
    const { environment, server, client } = setUp({ token: () => token }, { latency: 500 });
    client.state(battle).subscribe();
    await environment.advance(3_000);
    const [connection] = server.connections;
    server.verify = (given) => (given === 'of-bob' && server.upgradeCount === 1 ? 'forbidden' : undefined);
    token = 'of-bob';
    client.reauthenticate();
    await environment.advance(100);
    connection!.send({ type: 'authenticated', expiresAt: environment.now() + 600_000 });
    await environment.advance(5_000);
    expect(server.upgradeCount).toBe(2);
    expect(server.connections[0]!.hello).toMatchObject({ token: 'of-bob' });
  });

  test('a renewal calls the token function with the reason expired', async () => {
    const reasons: string[] = [];
    const { environment, server, client } = setUp({
      token: (reason) => {
        reasons.push(reason);
        return reason === 'expired' ? 'new' : 'cached';
      },
    });
    server.expiresAt = (token) => environment.now() + (token === 'new' ? 3_600_000 : 60_000);
    client.state(battle).subscribe();
    await environment.advance(59_000);
    expect(reasons).toEqual(['connect', 'expired']);
    expect(server.connections[0]!.received).toContainEqual(
      expect.objectContaining({ type: 'authenticate', token: 'new' }),
    );
    expect(server.upgradeCount).toBe(1);
  });

  test.each([
    ['with a new connection', undefined],
    ['on the same connection', 100_000],
  ])('a token renewed %s is renewed again before its own expiry', async (_, lifetime) => {
    let given = 0;
    const { environment, server, client } = setUp({
      token: (reason) => (reason === 'expired' ? `token-${++given}` : `token-${given}`),
    });
    let expired = lifetime === undefined ? 'token-0' : 'none';
    server.verify = (token) => (token === expired ? 'expired' : undefined);
    server.expiresAt = (token) =>
      lifetime !== undefined && token === 'token-0' ? environment.now() + lifetime : undefined;
    client.state(battle).subscribe();
    await environment.advance(81_000);
    expect(given).toBe(1);
    expect(client.status.state).toBe('live');
    expired = 'token-1';
    server.cut();
    await environment.advance(50);
    await environment.until(() => client.status.state === 'live', 5_000);
    expect(server.connections[0]!.hello).toMatchObject({ token: 'token-2' });
  });

  test.each([true, false])(
    'a failed renewal is repeated and does not deny the client (polling: %s)',
    async (enabled) => {
      let valid = 'old';
      let cached = 'old';
      let failures = 3;
      const { environment, server, client } = setUp({
        polling: { enabled },
        token: async (reason) => {
          await Promise.resolve();
          if (reason === 'expired' && failures-- > 0) throw new Error('the login server is down');
          if (reason === 'expired') cached = valid;
          return cached;
        },
      });
      server.verify = (token) => (token === valid ? undefined : 'expired');
      client.state(battle).subscribe();
      await environment.advance(100);
      valid = 'new';
      server.close(4202);
      await environment.advance(1_000);
      await environment.until(() => client.status.state === 'live', 60_000);
      expect(server.connections[0]!.hello).toMatchObject({ token: 'new' });
    },
  );

  test('a poll and a socket that need a new token at the same time share one', async () => {
    const reasons: string[] = [];
    const { environment, server, client } = setUp({
      polling: { startAfterMs: 0 },
      token: (reason) => {
        reasons.push(reason);
        if (reason !== 'expired') return 'old';
        return new Promise((resolve) => void environment.setTimer(() => resolve('new'), 3_000));
      },
    });
    server.verify = (token) => (token === 'new' ? undefined : 'expired');
    client.state(battle).subscribe();
    await environment.until(() => client.status.state === 'live', 20_000);
    expect(reasons.filter((reason) => reason === 'expired')).toHaveLength(1);
  });

  test('a token function that never settles makes polling offline and values stale, and is called again', async () => {
    let hangs = false;
    const { environment, server, client } = setUp({
      environment: { openWebSocket: undefined },
      token: () => (hangs ? new Promise(() => undefined) : 'token'),
    });
    server.publish(battle, battleAt(1));
    let last: TopicState<Battle> | undefined;
    client.topic(battle).subscribe((state) => (last = state));
    await environment.advance(3_000);
    expect(last?.freshness.state).toBe('live');
    hangs = true;
    await environment.advance(13_000);
    expect(client.status.state).toBe('offline');
    expect(last?.freshness.state).toBe('stale');
    hangs = false;
    server.publish(battle, battleAt(2));
    await environment.advance(20_000);
    expect(last).toMatchObject({ value: battleAt(2), freshness: { state: 'live' } });
  });

  test('a token function that never settles does not block actions', async () => {
    let hangs = false;
    const { environment, server, client } = setUp({
      environment: { openWebSocket: undefined },
      token: () => (hangs ? new Promise(() => undefined) : 'token'),
    });
    server.handle(pause.name, () => 'ok');
    client.connect();
    await environment.advance(3_000);
    const results: unknown[] = [];
    hangs = true;
    client.act(pause, { battleId: '1' }).subscribe((result) => results.push(result));
    await environment.advance(100);
    hangs = false;
    await environment.advance(20_000);
    expect(results).toEqual(['ok']);
  });

  test('a token with a longer life than a timer allows is renewed once, shortly before it expires', async () => {
    const day = 86_400_000;
    const environment = new VirtualEnvironment();
    const server = new FakeServer(environment, { heartbeat: { interval: 0, timeout: 0 } });
    // 60 days have five million seconds, and a check of the clocks in each of them.
    const setTimer = (callback: () => void, delay: number) =>
      delay === 1_000 ? { cancel: () => undefined } : environment.setTimer(callback, delay);
    const client = createRealtimeClient({
      origin: 'http://fake',
      token: () => 'token',
      environment: { ...environment, setTimer },
    });
    const end = environment.now() + 60 * day;
    server.expiresAt = () => (environment.now() < end - 60_000 ? end : end + 60 * day);
    client.connect();
    const renewals = () => server.connections[0]!.received.filter(({ type }) => type === 'authenticate').length;
    await environment.advance(10_000);
    expect(renewals()).toBe(0);
    await environment.advance(60 * day - 70_000);
    expect(renewals()).toBe(0);
    await environment.advance(10 * day);
    expect(renewals()).toBe(1);
  });

  test('reauthenticate() presents the new token on the socket and requests rejected topics again', async () => {
    let token = 'guest';
    const bench = setUp({ token: () => token });
    const { environment, server, client } = bench;
    const states = await followRejected(bench);
    token = 'promoted';
    client.reauthenticate();
    await environment.advance(100);
    expect(server.upgradeCount).toBe(1);
    expect(server.connections[0]!.received).toContainEqual({
      type: 'authenticate',
      token: 'promoted',
      ref: expect.any(String),
    });
    expect(states.at(-1)).toMatchObject({ value: battleAt(1), error: undefined });
  });

  test('R3: of two calls of reauthenticate() in a row, the answer to the second counts as well', async () => {
    const { environment, server, client } = setUp({ token: () => 'token' });
    const refs: string[] = [];
    server.reauthenticate = (_connection, { ref }) => void refs.push(ref!);
    server.publish(battle, battleAt(1));
    const states: TopicState<Battle>[] = [];
    client.topic(battle).subscribe((state) => states.push(state));
    await environment.advance(100);
    client.reauthenticate();
    client.reauthenticate();
    await environment.advance(100);
    server.send({ type: 'authenticated', ref: refs[0]! });
    server.unsubscribe(battle, 'forbidden');
    await environment.advance(100);
    expect(states.at(-1)).toMatchObject({ error: { code: 'forbidden' } });
    server.send({ type: 'authenticated', ref: refs[1]! });
    await environment.advance(100);
    expect(states.at(-1)).toMatchObject({ value: battleAt(1), error: undefined });
  });

  test('R3: if the socket breaks before the answer to authenticate, rejected topics are requested over the next one', async () => {
    const bench = setUp({ token: () => 'token' });
    const { environment, server, client } = bench;
    server.reauthenticate = () => undefined;
    const states = await followRejected(bench);
    client.reauthenticate();
    await environment.advance(100);
    expect(states.at(-1)).toMatchObject({ error: { code: 'forbidden' } });
    server.cut();
    await environment.advance(2_000);
    expect(states.at(-1)).toMatchObject({ value: battleAt(1), error: undefined, freshness: { state: 'live' } });
  });

  test('R3: the answer to a poll with the old token ends no topic that the new one may read', async () => {
    const { environment, server, client } = setUp(
      { environment: { openWebSocket: undefined }, token: () => 'token' },
      { latency: 100 },
    );
    server.publish(battle, battleAt(1));
    server.reject(battle, 'forbidden');
    const states: TopicState<Battle>[] = [];
    client.topic(battle).subscribe((state) => states.push(state));
    await environment.until(() => server.polls.length > 0, 5_000);
    server.reject(battle, undefined);
    client.reauthenticate();
    await environment.advance(5_000);
    expect(states.some(({ error }) => error !== undefined)).toBe(false);
    expect(states.at(-1)).toMatchObject({ value: battleAt(1), freshness: { state: 'live' } });
  });

  test('a changed identity causes a reconnect, and earlier actions are never resent', async () => {
    let token = 'ann';
    const { environment, server, client } = setUp({ token: () => token });
    server.handle(pause.name, () => new Promise(() => undefined));
    client.connect();
    await environment.advance(100);
    const codes: string[] = [];
    client.act(pause, { battleId: '1' }).subscribe({ error: ({ code }) => codes.push(code) });
    await environment.advance(100);
    server.reauthenticate = (connection, { ref }) =>
      connection.send({ type: 'error', code: 'forbidden', message: 'another identity', temporary: false, ref: ref! });
    token = 'bob';
    client.reauthenticate();
    await environment.advance(1_000);
    expect(codes).toEqual(['outcome_unknown']);
    expect(server.upgradeCount).toBe(2);
    expect(server.connections[0]!.hello).toMatchObject({ token: 'bob' });
    expect(server.actions.received).toHaveLength(1);
  });

  test('a token after an anonymous connection causes a new connection', async () => {
    let token: string | undefined = undefined;
    const { environment, server, client } = setUp({ token: () => token });
    client.connect();
    await environment.advance(100);
    token = 'ann';
    client.reauthenticate();
    await environment.advance(1_000);
    expect(server.upgradeCount).toBe(2);
    expect(server.connections[0]!.hello).toMatchObject({ token: 'ann' });
    expect(server.connections[0]!.received.some(({ type }) => type === 'authenticate')).toBe(false);
  });

  test('R3: if the token of reauthenticate() expires before its verification, the next one is presented', async () => {
    const reasons: string[] = [];
    const bench = setUp({ token: (reason) => `token-${reasons.push(reason)}` });
    const { environment, server, client } = bench;
    server.verify = (given) => (given === 'token-2' ? 'expired' : undefined);
    const states = await followRejected(bench);
    client.reauthenticate();
    await environment.advance(1_000);
    expect(reasons).toEqual(['connect', 'connect', 'expired']);
    const sent = server.connections[0]!.received.filter(({ type }) => type === 'authenticate');
    expect(sent).toEqual(['token-2', 'token-3'].map((token) => expect.objectContaining({ token })));
    expect(server.upgradeCount).toBe(1);
    expect(states.at(-1)).toMatchObject({ value: battleAt(1), error: undefined });
  });

  test('R3: if the second token of reauthenticate() is rejected too, no third one is requested', async () => {
    let tokens = 0;
    const { environment, server, client } = setUp({ token: () => `token-${(tokens += 1)}` });
    server.verify = (given) => (given === 'token-1' ? undefined : 'unauthorized');
    client.connect();
    await environment.advance(100);
    client.reauthenticate();
    await environment.advance(20_000);
    expect(tokens).toBe(3);
    expect(client.status.state).toBe('live');
  });

  test('R3: if only the first of two tokens of reauthenticate() is rejected, no third one is requested', async () => {
    let tokens = 0;
    const { environment, server, client } = setUp({ token: () => `token-${(tokens += 1)}` });
    server.verify = (given) => (given === 'token-2' ? 'expired' : undefined);
    client.connect();
    await environment.advance(100);
    client.reauthenticate();
    client.reauthenticate();
    await environment.advance(20_000);
    expect(tokens).toBe(3);
    expect(client.status.state).toBe('live');
  });

  test('a rejected new token leaves the connection as it is', async () => {
    let token = 'ann';
    const { environment, server, client } = setUp({ token: () => token });
    server.verify = (given) => (given === 'ann' ? undefined : 'unauthorized');
    client.connect();
    await environment.advance(100);
    token = 'nonsense';
    client.reauthenticate();
    await environment.advance(1_000);
    expect(server.upgradeCount).toBe(1);
    expect(client.status.state).toBe('live');
  });
});
