import { action } from '@statewire/protocol';
import { describe, expect, test } from '@jest/globals';

import type { TopicState } from '../src/index.js';
import { battle, battleAt, notices, other, pause, setUp, type Battle, type Setup } from './support/bench.js';

const count = action<{ n: number }, number>('count');

/** Ann is logged in, then Bob; the server knows them by their tokens, and only Ann may see the battle. */
function annThenBob(options: Parameters<typeof setUp>[0] = {}) {
  let token: string | undefined = 'ann';
  const setup = setUp({ token: () => token, ...options });
  const { server, client } = setup;
  server.publish(battle, battleAt(1));
  server.publish(other, battleAt(2));
  const admits = server.rejectionOf.bind(server);
  server.rejectionOf = (topic, given) =>
    topic === battle.name && given !== 'ann'
      ? { type: 'error', code: 'forbidden', message: 'no', temporary: false, topic }
      : admits(topic, given);
  server.reauthenticate = (connection, { token: given, ref }) =>
    connection.send(
      given === connection.hello?.token
        ? { type: 'authenticated', ...(ref !== undefined && { ref }) }
        : { type: 'error', code: 'forbidden', message: 'another identity', temporary: false, ref: ref! },
    );
  const states: TopicState<Battle>[] = [];
  const open: TopicState<Battle>[] = [];
  client.topic(battle).subscribe((state) => states.push(state));
  client.topic(other).subscribe((state) => open.push(state));
  return { ...setup, become: (next: string | undefined) => (token = next), seen: states, open };
}

const transports = [
  ['the WebSocket', {}],
  ['polling', { environment: { openWebSocket: undefined } }],
] as const;

describe.each(transports)('a change of identity over %s', (_, options) => {
  test('removes the values of the previous identity and shows its own when they arrive', async () => {
    const { environment, client, become, seen, open } = annThenBob(options);
    await environment.advance(200);
    expect(seen.at(-1)).toMatchObject({ value: battleAt(1), freshness: { state: 'live' } });
    become('bob');
    const from = seen.length;
    client.reauthenticate();
    await environment.advance(2_500);
    expect(seen.slice(from).every(({ value }) => value === undefined)).toBe(true);
    expect(seen.at(-1)).toMatchObject({ error: { code: 'forbidden' } });
    expect(open.at(-1)).toMatchObject({ value: battleAt(2), freshness: { state: 'live' } });
  });

  test('removes the values even without a connection', async () => {
    const { environment, server, client, become, seen } = annThenBob(options);
    await environment.advance(200);
    server.http('unreachable');
    server.upgrades('reject');
    server.cut();
    await environment.advance(3_000);
    expect(seen.at(-1)).toMatchObject({ value: battleAt(1), freshness: { state: 'stale' } });
    become(undefined);
    client.reauthenticate();
    expect(seen.at(-1)!.value).toBeUndefined();
    await environment.advance(30_000);
    expect(seen.at(-1)!.value).toBeUndefined();
  });

  test('runs no action of the previous identity: sent ones get outcome_unknown, others not_sent', async () => {
    const { environment, server, client, become } = annThenBob(options);
    server.handle(count.name, () => new Promise(() => undefined));
    await environment.advance(200);
    const codes: string[] = [];
    const act = (n: number) =>
      client.act(count, { n }, { expiresAfterMs: 0 }).subscribe({ error: ({ code }) => codes.push(code) });
    act(1);
    await environment.advance(100);
    server.http('unreachable');
    server.upgrades('reject');
    server.cut();
    await environment.advance(3_000);
    act(2);
    become('bob');
    client.reauthenticate();
    expect(codes).toEqual(['outcome_unknown', 'not_sent']);
    server.http('pass');
    server.upgrades('pass');
    await environment.advance(60_000);
    expect(server.actions.received).toHaveLength(1);
  });
});

describe('a change of identity', () => {
  test.each([
    ['is aborted', true],
    ['is answered', false],
  ])('ignores a poll of the previous identity that %s', async (_, isAbortable) => {
    const fetch: typeof globalThis.fetch = (input, init) =>
      setup.server.network.fetch!(input, isAbortable ? init : { ...init, signal: null });
    const setup = annThenBob({ environment: { openWebSocket: undefined, fetch } });
    const { environment, server, client, become, seen } = setup;
    await environment.until(() => server.polls.length === 1);
    become('bob');
    client.reauthenticate();
    await environment.advance(5_000);
    expect(seen.every(({ value }) => value === undefined)).toBe(true);
    expect(seen.at(-1)).toMatchObject({ error: { code: 'forbidden' } });
  });

  const interruptions: [string, (setup: Pick<Setup, 'server'>) => void][] = [
    ['is cut', ({ server }) => server.cut()],
    ['falls silent', ({ server }) => server.blackhole()],
    ['drains', ({ server }) => server.send({ type: 'drain', reconnectWithin: 0 })],
  ];

  test.each(interruptions)(
    'is assumed when the connection %s before the answer to the new token',
    async (_, interrupt) => {
      const setup = annThenBob();
      const { environment, server, client, become, seen } = setup;
      server.handle(count.name, () => new Promise(() => undefined));
      await environment.advance(200);
      const codes: string[] = [];
      client.act(count, { n: 1 }).subscribe({ error: ({ code }) => codes.push(code) });
      await environment.advance(100);
      server.reauthenticate = () => undefined;
      become('bob');
      client.reauthenticate();
      interrupt(setup);
      await environment.advance(4_000);
      expect(codes).toEqual(['outcome_unknown']);
      expect(server.actions.received).toHaveLength(1);
      expect(seen.at(-1)).toMatchObject({ value: undefined, error: { code: 'forbidden' } });
    },
  );

  test('does not happen when the same identity gets a new token', async () => {
    const { environment, server, client, seen } = annThenBob();
    await environment.advance(200);
    const from = seen.length;
    client.reauthenticate();
    await environment.advance(1_000);
    expect(seen).toHaveLength(from);
    expect(server.upgradeCount).toBe(1);
  });
});

describe.each(transports)('a denial over %s', (_, options) => {
  test.each(['unauthorized', 'forbidden'] as const)(
    'with %s removes all values until another identity may see them',
    async (code) => {
      let isWelcome = true;
      const { environment, server, client } = setUp({ token: () => 'ann', ...options });
      server.publish(battle, battleAt(1));
      server.verify = () => (isWelcome ? undefined : code);
      const states: TopicState<Battle>[] = [];
      const values: unknown[] = [];
      const events: string[] = [];
      client.topic(battle).subscribe((state) => states.push(state));
      client.state(battle).subscribe((value) => values.push(value));
      client.events(notices).subscribe((event) => events.push(event));
      client.act(pause, { battleId: '1' }, { expiresAfterMs: 0 }).subscribe({ error: () => undefined });
      server.declare(notices);
      await environment.advance(200);
      isWelcome = false;
      server.close(4003);
      await environment.advance(3_000);
      expect(client.status.state).toBe('denied');
      expect(states.at(-1)).toMatchObject({ value: undefined, error: undefined, freshness: { state: 'stale' } });
      isWelcome = true;
      client.connect();
      await environment.advance(1_000);
      expect(states.at(-1)).toMatchObject({ value: battleAt(1), error: undefined, freshness: { state: 'live' } });
      server.publish(notices, 'back');
      await environment.advance(3_000);
      expect(events).toEqual(['back']);
    },
  );

  test('fails unanswered actions, so that the next identity does not run them', async () => {
    let isWelcome = true;
    const { environment, server, client } = setUp({ token: () => 'ann', ...options });
    server.verify = () => (isWelcome ? undefined : 'forbidden');
    server.handle(count.name, () => new Promise(() => undefined));
    client.state(battle).subscribe();
    await environment.advance(200);
    const codes: string[] = [];
    client.act(count, { n: 1 }).subscribe({ error: ({ code }) => codes.push(code) });
    await environment.advance(100);
    isWelcome = false;
    server.close(4003);
    await environment.advance(3_000);
    expect(codes).toEqual(['outcome_unknown']);
    isWelcome = true;
    client.connect();
    await environment.advance(3_000);
    expect(server.actions.received).toHaveLength(1);
  });
});

test('a denial that does not concern the identity keeps the values as stale', async () => {
  const { environment, server, client } = setUp();
  server.publish(battle, battleAt(1));
  let last: TopicState<Battle> | undefined;
  client.topic(battle).subscribe((state) => (last = state));
  await environment.advance(200);
  server.close(4010);
  await environment.advance(1_000);
  expect(client.status.state).toBe('denied');
  expect(last).toMatchObject({ value: battleAt(1), freshness: { state: 'stale' }, error: undefined });
});
