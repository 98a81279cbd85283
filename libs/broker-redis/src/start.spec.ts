import { describe, expect, test } from '@jest/globals';
import { VirtualEnvironment } from '@statewire/testing';

import { errorReply, FakeServer } from '../test/support/fake-wire.js';
import { resolveRedisBrokerOptions, type RedisBrokerOptions } from './options.js';
import type { RedisBroker } from './redis-broker.js';
import { startRedisBroker } from './start.js';
import { presenceScripts } from './scripts/node-scripts.js';
import { topicScripts } from './scripts/topic-scripts.js';

const HISTORY = { count: 100, bytes: 10_000, ageMs: 60_000 };

function create(options: RedisBrokerOptions = {}) {
  const server = new FakeServer();
  const environment = new VirtualEnvironment();
  const logged: string[] = [];
  const context = {
    environment,
    history: HISTORY,
    actionWindowMs: 60_000,
    log: { error: (event: string, error: unknown) => void logged.push(`${event}: ${(error as Error).message}`) },
  };
  const resolved = resolveRedisBrokerOptions({ url: 'redis://user:secret@redis.local:6380/2', ...options });
  const start = (): Promise<RedisBroker> => startRedisBroker(context, resolved, server.open);
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
    setUp.server.refusal = new Error('connect ECONNREFUSED 10.0.0.1:6380');
    const { message, after } = await failure(setUp);
    expect(message).toMatch(
      /^The Redis broker could not start within 10000 ms \(redis:\/\/redis\.local:6380\/2, \d+ attempts\): connect ECONNREFUSED 10\.0\.0\.1:6380\./,
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
    setUp.server.answers['INFO'] = () => {
      setUp.server.isFrozen = true;
      return '';
    };
    const { after } = await failure(setUp);
    expect(after).toBeLessThanOrEqual(9_500);
  });

  test.each<[string, string, string]>([
    ['is too old', 'redis_version:6.2.14\r\n', 'the server is Redis 6.2.14, and the broker needs version 7'],
    ['is a node of a cluster', 'redis_version:7.2.0\r\ncluster_enabled:1\r\n', 'a node of Redis Cluster'],
    ['tells no version', '# Server\r\n', 'of an unknown version'],
  ])('does not try again if the server %s', async (_, info, expected) => {
    const setUp = create();
    setUp.server.answers['INFO'] = () => info;
    const { message, after } = await failure(setUp);
    expect(message).toContain(expected);
    expect(after).toBeLessThan(100);
    expect(setUp.server.wires).toHaveLength(1);
    expect(setUp.server.wires[0]!.isDestroyed).toBe(true);
  });

  test.each(['WRONGPASS invalid username-password pair', 'NOAUTH Authentication required.', 'NOPERM no permissions'])(
    'does not try again after %s',
    async (reply) => {
      const setUp = create();
      setUp.server.answers['INFO'] = () => errorReply(reply);
      const { message } = await failure(setUp);
      expect(message).toContain(reply.split(' ')[0]);
      expect(setUp.server.wires).toHaveLength(1);
    },
  );
});

describe('a start', () => {
  test('waits for a server that loads its data', async () => {
    const { server, environment, start } = create();
    const usual = server.answers['INFO']!;
    server.answers['INFO'] = () => errorReply('LOADING Redis is loading the dataset in memory');
    environment.setTimer(() => (server.answers['INFO'] = usual), 3_000);
    let broker: RedisBroker | undefined;
    void start().then((started) => (broker = started));
    await environment.until(() => broker !== undefined, 10_000);
    await broker!.dispose();
    expect(environment.timers).toBe(0);
  });

  test('accepts Valkey, which names the version of Redis that it is compatible with', async () => {
    const { server, start } = create();
    server.answers['INFO'] = () => 'redis_version:7.2.4\r\nvalkey_version:8.1.0\r\n';
    await (await start()).dispose();
  });

  test('warns once of an eviction policy that loses keys', async () => {
    const { server, environment, logged, start } = create();
    server.answers['INFO'] = () => 'redis_version:7.0.0\r\nmaxmemory_policy:allkeys-lru\r\n';
    const broker = await start();
    expect(logged).toEqual([
      expect.stringMatching(/^redis-eviction: .*maxmemory-policy allkeys-lru.*Set maxmemory-policy to noeviction/),
    ]);
    server.wires[0]!.events.onEnd(new Error('read ECONNRESET'));
    await environment.until(() => server.wires.length === 2);
    await environment.settle();
    expect(logged.filter((line) => line.startsWith('redis-eviction'))).toHaveLength(1);
    await broker.dispose();
  });

  test('a lineage without the marker of the server is replaced, and the marker comes first', async () => {
    const { server, start } = create();
    const lineages = new Map<string, string>();
    let marker: string | undefined;
    server.answers['GET'] = ([, key]) => lineages.get(key!) ?? null;
    server.answers['SCRIPT'] = (args) => {
      if (args[1] === 'LOAD') marker ??= args[2];
      return args.slice(2).map(() => 1);
    };
    server.answers['EVAL'] = (args) => {
      expect(marker).toContain('abc');
      lineages.set(args[3]!, `${args[4]}.5`);
      return null;
    };
    const broker = await start();
    expect(lineages.size).toBe(64);
    expect(marker).toContain([...lineages.values()][0]!.split('.')[0]);
    await broker.dispose();
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

  test('tells its listeners again that it is away, if it loses the next connection before that can be used', async () => {
    const { server, environment, start } = create();
    const broker = await start();
    const told: string[] = [];
    await broker.listen('lobby', ({ type }) => told.push(type));
    await broker.join('lobby', { id: 'alice', info: null });
    const { check } = topicScripts(HISTORY);
    server.answers['EVALSHA'] = ([, sha]) => {
      if (sha === check.sha) return ['e', 1, 'i'];
      if (sha !== presenceScripts.join.sha) return 'OK';
      server.refusal = new Error('connect ECONNREFUSED');
      server.wires.at(-1)!.events.onEnd(new Error('read ECONNRESET'));
      return 'OK';
    };
    server.wires[0]!.events.onEnd(new Error('read ECONNRESET'));
    await environment.advance(60_000);
    expect(told).toEqual(['interrupted', 'resumed', 'interrupted']);
    server.answers['EVALSHA'] = ([, sha]) => (sha === check.sha ? ['e', 1, 'i'] : 'OK');
    server.refusal = undefined;
    await environment.advance(2_000);
    expect(told.slice(3)).toEqual(['resumed']);
    await broker.dispose();
  });
});
