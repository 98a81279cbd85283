import { describe, expect, test } from '@jest/globals';

import { readFileSync, writeFileSync } from 'node:fs';
import type { BrokerContext } from './broker.js';
import type { Environment } from './environment.js';
import type { RealtimeModuleOptions } from './options.js';
import { isOption, MEMORY_BROKER_TABLE, OPTION_TABLE, type OptionSpec } from './options-table.js';
import { createBroker, RealtimeOptionsError, resolveMemoryBrokerOptions, resolveOptions } from './resolve-options.js';

const system: Environment = {
  now: () => 0,
  monotonic: () => 0,
  setTimer: () => ({ cancel: () => undefined }),
  defer: () => undefined,
  random: () => 0,
  id: () => 'id',
};

function problemsOf(options: unknown): readonly string[] {
  try {
    resolveOptions(options as RealtimeModuleOptions, system);
    return [];
  } catch (error) {
    if (error instanceof RealtimeOptionsError) return error.problems.map(({ option }) => option);
    throw error;
  }
}

describe('resolveOptions', () => {
  test('fills in every default', () => {
    expect(resolveOptions(undefined, system)).toEqual({
      path: '/ws',
      httpPath: '/realtime',
      enabled: true,
      authenticate: undefined,
      authenticator: undefined,
      cookie: undefined,
      connectionGuards: [],
      allowedOrigins: undefined,
      allowAnyOrigin: false,
      trustedProxies: [],
      heartbeat: { intervalMs: 30_000, timeoutMs: 10_000 },
      polling: { intervalMs: 2_000 },
      httpPublish: { tokens: [] },
      presence: { graceMs: 10_000, intervalMs: 250, members: 100, infoBytes: 1_024 },
      actionWindowMs: 120_000,
      minContract: 0,
      globalEnhancers: ['guards', 'pipes'],
      history: { count: 1_024, bytes: 1_048_576, ageMs: 300_000 },
      limits: defaultsOf(OPTION_TABLE.limits),
      drain: { windowMs: 5_000, batch: 100 },
      environment: expect.anything(),
    });
  });

  test('keeps given options and single parts of the environment', () => {
    class FixedClock {
      constructor(private readonly time: number) {}

      now(): number {
        return this.time;
      }
    }
    const given = {
      path: '/live',
      limits: { frames: { perSecond: 0 } },
      trustedProxies: ['loopback', '10.0.0.0/8', 'fd00::/8'],
    };
    const options = resolveOptions({ ...given, environment: new FixedClock(42) }, system);
    expect(options.path).toBe('/live');
    expect(options.limits.frames).toEqual({ ...defaultsOf(OPTION_TABLE.limits.frames), perSecond: 0 });
    expect(options.trustedProxies).toEqual(given.trustedProxies);
    expect(options.environment.now()).toBe(42);
    expect(options.environment.id()).toBe('id');
  });

  test.each<[string, unknown]>([
    ['path', { path: 'ws' }],
    ['path', { path: '/ws?x=1' }],
    ['path', { path: '/ws/' }],
    ['path', { path: '/a', httpPath: '/a' }],
    ['httpPath', { httpPath: 7 }],
    ['httpPublish.tokens', { httpPublish: { tokens: 'a'.repeat(32) } }],
    ['httpPublish.tokens', { httpPublish: { tokens: ['a'.repeat(31)] } }],
    ['httpPublish.tokens', { httpPublish: { tokens: [`${'a'.repeat(32)} b`] } }],
    ['enabled', { enabled: 'false' }],
    ['authenticate', { authenticate: 'jwt' }],
    ['authenticator', { authenticator: () => undefined }],
    ['authenticator', { authenticator: { verify: () => undefined } }],
    [
      'authenticator',
      {
        authenticator: class {
          authenticate() {}
        },
        authenticate: () => undefined,
      },
    ],
    ['authenticate', { cookie: 'session' }],
    ['cookie', { cookie: 'a=b', authenticate: () => undefined }],
    ['connectionGuards', { connectionGuards: [{}] }],
    ['allowedOrigins', { allowedOrigins: ['play.example'] }],
    ['allowedOrigins', { allowedOrigins: ['https://play.example/'] }],
    ['allowedOrigins', { allowedOrigins: 'https://play.example' }],
    ['allowedOrigins', { allowedOrigins: ['capacitor://localhost/'] }],
    ['allowedOrigins', { allowedOrigins: ['data:text/html,x'] }],
    ['allowAnyOrigin', { allowAnyOrigin: true, allowedOrigins: ['https://play.example'] }],
    ['trustedProxies', { trustedProxies: ['10.0.0.0/33'] }],
    ['trustedProxies', { trustedProxies: ['nginx'] }],
    ['heartbeat', { heartbeat: 30_000 }],
    ['heartbeat.intervalMs', { heartbeat: { intervalMs: 0 } }],
    ['heartbeat.every', { heartbeat: { every: 1 } }],
    ['presence.members', { presence: { members: 1_000 } }],
    ['presence.infoBytes', { presence: { infoBytes: 0 } }],
    ['polling.intervalMs', { polling: { intervalMs: -1 } }],
    ['actionWindowMs', { actionWindowMs: 1.5 }],
    ['globalEnhancers', { globalEnhancers: ['everything'] }],
    ['history.ageMs', { history: { ageMs: '5m' } }],
    ['limits.frames.depth', { limits: { frames: { depth: -1 } } }],
    ['limits.timeouts.lingerMs', { limits: { timeouts: { lingerMs: 2 ** 31 } } }],
    ['limits.connections', { limits: { connections: 1 } }],
    ['limits.frames.frameBytes', { limits: { frames: { frameBytes: 1 } } }],
    ['limits.outbox.softMarkBytes', { limits: { outbox: { softMarkBytes: 2_000_000 } } }],
    ['drain.batch', { drain: { batch: 0 } }],
    ['broker', { broker: 'redis' }],
    ['broker', { broker: {} }],
    ['broker', { broker: null }],
    ['environment.now', { environment: { now: 5 } }],
    ['heartbeats', { heartbeats: {} }],
    ['options', 'memory'],
    ['options', null],
  ])('rejects an invalid %s', (option, options) => {
    expect(problemsOf(options)).toEqual([option]);
  });

  test('derives the limit of listed members from the size of a publication', () => {
    expect(resolveOptions({ limits: { frames: { publicationBytes: 10_880 } } }, system).presence.members).toBe(10);
    const all = resolveOptions({ limits: { frames: { publicationBytes: 0 } }, presence: { members: 10_000 } }, system);
    expect(all.presence.members).toBe(10_000);
  });

  test('reports all problems at once, with the given and the expected value', () => {
    const options = { path: 'ws', limits: { frames: { depth: Number.NaN } } };
    expect(() => resolveOptions(options, system)).toThrow(
      'RealtimeModule cannot start:\n' +
        '  - option "path" must be a path like "/ws", got "ws"\n' +
        '  - option "limits.frames.depth" must be an integer from 0 to 2147483647, got NaN',
    );
  });

  test.each([
    [true, {}, 5_000],
    [false, {}, 0],
    [false, { drain: { batch: 1 } }, 0],
    [false, { drain: { windowMs: 2_000 } }, 2_000],
  ])('has the window of a drain for production %s and %j', (isProduction, options, windowMs) => {
    expect(resolveOptions(options, system, isProduction).drain.windowMs).toBe(windowMs);
  });

  test('matches the table of the README', () => {
    const readme = readFileSync(README, 'utf8');
    const [before, shown, after] = readme.split(
      /(?<=<!-- options: STATEWIRE_WRITE[^\n]*-->\n)\n|\n(?=<!-- options: end)/,
    );
    if (process.env.STATEWIRE_WRITE) writeFileSync(README, `${before}\n${readmeTable()}\n\n${after}`);
    expect(shown?.replace(/ +/g, ' ').replace(/-{2,}/g, '---').trim()).toBe(readmeTable());
  });
});

describe('resolveMemoryBrokerOptions', () => {
  test('fills in every default', () => {
    expect(resolveMemoryBrokerOptions({ maxClaims: 0 })).toEqual({ ...defaultsOf(MEMORY_BROKER_TABLE), maxClaims: 0 });
  });

  test('reports all problems at once', () => {
    const limits: object = { maxClaims: -1, maxIdleTopic: 5 };
    expect(() => resolveMemoryBrokerOptions(limits)).toThrow(
      'RealtimeModule cannot start:\n' +
        '  - option "memoryBroker.maxIdleTopic" must be left out, because there is no such option ' +
        '(there are separateProcesses, maxIdleTopics, maxIdleBytes, maxClaims, maxAnswerCharacters), got 5\n' +
        '  - option "memoryBroker.maxClaims" must be an integer from 0 to 2147483647, got -1',
    );
  });
});

describe('createBroker', () => {
  /** Timers that keep the process alive. */
  const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;

  test('keeps the process alive until the broker has started or failed', async () => {
    const context = {} as BrokerContext;
    const before = timers();
    let fail!: (error: Error) => void;
    const broker = createBroker(() => new Promise((_, reject) => (fail = reject)), context);
    expect(timers()).toBe(before + 1);
    fail(new Error('The server of this test is away.'));
    await expect(broker).rejects.toThrow('The server of this test is away.');
    expect(timers()).toBe(before);
  });
});

const README = new URL('../../README.md', import.meta.url);

function defaultsOf(table: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(table).map(([name, entry]: [string, object]) => [
      name,
      isOption(entry) ? entry.default : defaultsOf(entry),
    ]),
  );
}

function readmeTable(): string {
  const rows = [...rowsOf(OPTION_TABLE, ''), ...rowsOf(MEMORY_BROKER_TABLE, 'memoryBroker.')];
  return ['| option | default | meaning |', '| --- | --- | --- |', ...rows].join('\n');
}

function rowsOf(table: object, prefix: string): string[] {
  return Object.entries(table).flatMap(([name, entry]: [string, object]) =>
    isOption(entry) ? [row(prefix + name, entry)] : rowsOf(entry, `${prefix}${name}.`),
  );
}

function row(path: string, { default: fallback, about }: OptionSpec<unknown>): string {
  return `| \`${path}\` | ${fallback === undefined ? 'none' : `\`${JSON.stringify(fallback)}\``} | ${about} |`;
}
