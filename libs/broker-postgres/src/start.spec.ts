import { describe, expect, test } from '@jest/globals';
import { VirtualEnvironment } from '@statewire/testing';

import { FakeServer, serverError } from '../test/support/fake-wire.js';
import { resolvePostgresBrokerOptions, type PostgresBrokerOptions } from './options.js';
import { startPostgresBroker, type PostgresBroker } from './postgres-broker.js';

const HISTORY = { count: 100, bytes: 10_000, ageMs: 60_000 };

function create(options: PostgresBrokerOptions = {}) {
  const server = new FakeServer();
  const environment = new VirtualEnvironment();
  const logged: string[] = [];
  const context = {
    environment,
    history: HISTORY,
    actionWindowMs: 60_000,
    log: { error: (event: string, error: unknown) => void logged.push(`${event}: ${(error as Error).message}`) },
  };
  const connectionString = 'postgres://user:secret@db.local:6432/app';
  const resolved = resolvePostgresBrokerOptions({ connectionString, ...options });
  const start = (): Promise<PostgresBroker> => startPostgresBroker(context, resolved, server.open);
  return { server, environment, logged, start };
}

async function failure({ environment, start }: ReturnType<typeof create>): Promise<{ message: string; after: number }> {
  let failed: { message: string; after: number } | undefined;
  start().catch((error: Error) => (failed = { message: error.message, after: environment.monotonic() }));
  await environment.until(() => failed !== undefined, 20_000);
  expect(environment.timers).toBe(0);
  return failed!;
}

describe('a start that fails', () => {
  test('says what was tried when nothing listens, without the credentials', async () => {
    const setUp = create();
    setUp.server.refusal = new Error('connect ECONNREFUSED 10.0.0.1:6432');
    const { message, after } = await failure(setUp);
    expect(message).toMatch(
      /^The PostgreSQL broker could not start within 10000 ms \(postgres:\/\/db\.local:6432\/app, schema statewire, \d+ attempts\): connect ECONNREFUSED 10\.0\.0\.1:6432\./,
    );
    expect(message).not.toContain('secret');
    expect(after).toBeLessThanOrEqual(10_000);
    expect(after).toBeGreaterThan(7_000);
  });

  test('ends in time with a server that accepts connections and says nothing', async () => {
    const setUp = create({ startTimeoutMs: 6_000 });
    setUp.server.isFrozen = true;
    const { message, after } = await failure(setUp);
    expect(message).toContain('no connection within');
    expect(after).toBeLessThanOrEqual(6_000);
  });

  test('names a server that freezes after the connection', async () => {
    const setUp = create({ startTimeoutMs: 6_000 });
    setUp.server.answer('server_version', () => {
      setUp.server.isFrozen = true;
      return [];
    });
    expect((await failure(setUp)).after).toBeLessThanOrEqual(9_500);
  });

  test.each<[string, (server: FakeServer) => void, string]>([
    [
      'is too old',
      (server) => server.describe({ version: '14.9', number: 140_009 }),
      'the server is PostgreSQL 14.9, and the broker needs version 15',
    ],
    ['is a standby', (server) => server.describe({ standby: true }), 'the server is a standby'],
    ['only reads', (server) => server.describe({ readonly: true }), 'the transactions of the user are read-only'],
    [
      'has another encoding',
      (server) => server.describe({ encoding: 'LATIN1' }),
      'the encoding of the database is LATIN1',
    ],
    [
      'has a newer schema',
      (server) => server.answer('.meta', () => [{ version: 2 }]),
      'the schema "statewire" has version 2, which is newer than version 1 of the package',
    ],
    [
      'has an older schema',
      (server) => server.answer('.meta', () => [{ version: 0 }]),
      'the schema "statewire" has version 0, which is older than version 1 of the package',
    ],
    [
      'passes no notifications on',
      (server) => (server.isDeaf = true),
      'a pooler in transaction mode passes none on, so connect to the server itself',
    ],
    [
      'knows another password',
      (server) => (server.refusal = serverError('28P01', 'password authentication failed for user "user"')),
      'password authentication failed for user "user"',
    ],
    [
      'allows too little',
      (server) => server.answer('.adopt(', () => serverError('42501', 'permission denied for schema statewire')),
      'permission denied for schema statewire',
    ],
  ])('does not try again if the server %s', async (_, change, expected) => {
    const setUp = create();
    change(setUp.server);
    const { message, after } = await failure(setUp);
    expect(message).toContain(expected);
    expect(after).toBeLessThan(2_100);
    for (const wire of setUp.server.wires) expect(wire.isDestroyed).toBe(true);
  });

  test('does not create a missing schema without the option', async () => {
    const setUp = create({ migrate: false });
    setUp.server.answer('to_regclass', () => [{ found: false }]);
    const { message } = await failure(setUp);
    expect(message).toContain('the schema "statewire" has no tables of Statewire; create them with migrate()');
    expect(setUp.server.named('create table')).toEqual([]);
  });
});

describe('a start', () => {
  test('waits for a server that starts itself', async () => {
    const { server, environment, start } = create();
    server.refusal = serverError('57P03', 'the database system is starting up');
    environment.setTimer(() => (server.refusal = undefined), 3_000);
    let broker: PostgresBroker | undefined;
    void start().then((started) => (broker = started));
    await environment.until(() => broker !== undefined, 10_000);
    await broker!.dispose();
    expect(environment.timers).toBe(0);
  });

  test('creates a missing schema under its name, once', async () => {
    const { server, start } = create({ schema: 'live' });
    let found = false;
    server.answer('to_regclass', () => [{ found }]);
    server.answer('create table live.meta', () => {
      found = true;
      return [];
    });
    await (await start()).dispose();
    const [created, ...others] = server.named('create table');
    expect(others).toEqual([]);
    expect(created!.text).not.toContain('statewire');
    expect(created!.text).toContain(`'live:' ||`);
  });

  test('goes on if another node has created the schema at the same time', async () => {
    const { server, start } = create();
    let found = false;
    server.answer('to_regclass', () => [{ found }]);
    server.answer('create table', () => {
      found = true;
      return serverError('42P07', 'relation "meta" already exists');
    });
    await (await start()).dispose();
  });
});

describe('a broker that is up', () => {
  test('tells its status, and tries again after 2 s at most', async () => {
    const { server, environment, start } = create();
    const broker = await start();
    const seen: string[] = [];
    broker.status.subscribe({ next: ({ state }) => seen.push(state), complete: () => seen.push('ended') });
    server.refusal = new Error('connect ECONNREFUSED');
    server.wires[0]!.events.onEnd(new Error('read ECONNRESET'));
    expect(seen).toEqual(['up', 'away']);
    await environment.advance(60_000);
    server.refusal = undefined;
    await environment.advance(2_000);
    expect(seen).toEqual(['up', 'away', 'up']);
    await broker.dispose();
    expect(seen.at(-1)).toBe('ended');
    expect(environment.timers).toBe(0);
  });

  test('waits for the primary if a standby answers after a failover', async () => {
    const { server, environment, logged, start } = create();
    const broker = await start();
    server.describe({ standby: true });
    server.wires[0]!.events.onEnd(new Error('read ECONNRESET'));
    await environment.advance(10_000);
    expect(logged.at(-1)).toBe('postgres-connect-failed: the server is a standby, and the broker needs the primary');
    server.describe({ standby: false });
    await environment.advance(3_000);
    const seen: string[] = [];
    broker.status.subscribe(({ state }) => seen.push(state));
    expect(seen).toEqual(['up']);
    await broker.dispose();
  });

  test('gives a server up that says nothing for 3 s, and does not wait for its answers', async () => {
    const { server, environment, logged, start } = create();
    const broker = await start();
    server.isFrozen = true;
    await environment.advance(6_000);
    expect(logged).toContain('postgres-away: PostgreSQL said nothing for 3000 ms');
    server.isFrozen = false;
    await environment.advance(10_000);
    expect(await broker.members('lobby')).toEqual([]);
    await broker.dispose();
    expect(environment.timers).toBe(0);
  });

  test('repeats a call that the server undid because of a deadlock', async () => {
    const { server, start } = create();
    const broker = await start();
    let conflicts = 2;
    server.answer('.members(', () => {
      conflicts -= 1;
      return conflicts >= 0 ? serverError('40P01', 'deadlock detected') : [];
    });
    expect(await broker.members('lobby')).toEqual([]);
    await broker.dispose();
  });

  test('a call waits for the server, and is rejected at once after a long outage', async () => {
    const { server, environment, start } = create();
    const broker = await start();
    server.refusal = new Error('connect ECONNREFUSED');
    server.wires[0]!.events.onEnd(new Error('read ECONNRESET'));
    const at: number[] = [];
    const call = (): void => {
      const began = environment.monotonic();
      broker.read('lobby', 'events').catch(() => at.push(environment.monotonic() - began));
    };
    call();
    await environment.advance(4_900);
    expect(at).toEqual([]);
    await environment.advance(200);
    expect(at).toHaveLength(1);
    call();
    await environment.settle();
    expect(at[1]).toBe(0);
    await broker.dispose();
    expect(environment.timers).toBe(0);
  });
});
