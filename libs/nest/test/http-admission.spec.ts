import { afterEach, describe, expect, test } from '@jest/globals';
import {
  Injectable,
  ServiceUnavailableException,
  UnauthorizedException,
  UseGuards,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';
import { action, eventTopic, stateTopic } from '@statewire/protocol';

import {
  Caller,
  OnAction,
  OnTopic,
  RealtimeHandlers,
  TopicParams,
  type RealtimeModuleOptions,
  type RealtimeRequest,
} from '../src/index.js';
import { TestApplication } from './support/test-application.js';
import { CLIENT_ID, post, send, type TestAnswer } from './support/transports.js';

const inbox = eventTopic<string>()('players/:playerId/inbox');
const purse = stateTopic<string>()('players/:playerId/purse');

@Injectable()
class OwnerGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { user, params } = context.switchToHttp().getRequest<RealtimeRequest>();
    return (user as { name: string } | undefined)?.name === params['playerId'];
  }
}

@Injectable()
class NotBanned implements CanActivate {
  readonly banned = new Set<unknown>(['eve']);

  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<RealtimeRequest>();
    const name = (request.user as { name: string } | undefined)?.name;
    if (name === 'early') throw new ServiceUnavailableException('The list of the banned is not loaded yet.');
    if (name === 'nobody') throw new UnauthorizedException('Sign in first.');
    return !this.banned.has(name);
  }
}

@RealtimeHandlers()
class Players {
  @OnTopic(inbox)
  @UseGuards(OwnerGuard)
  inbox(): void {}

  @OnTopic(purse)
  @UseGuards(OwnerGuard)
  purse(@TopicParams() { playerId }: { playerId: string }): string {
    return `SECRET of ${playerId}`;
  }

  @OnAction(action<void, unknown>('who'))
  who(@Caller() user: unknown): unknown {
    return user ?? null;
  }
}

const OTHER = 'https://other.example';
const lines: string[] = [];
const write = (...parts: unknown[]): void => void lines.push(parts.map(String).join(' '));

let arena: TestApplication;

async function start(realtime: RealtimeModuleOptions = {}): Promise<void> {
  lines.length = 0;
  arena = await TestApplication.start({
    providers: [Players, NotBanned],
    realtime: {
      cookie: 'session',
      authenticate: (_, token) => {
        if (token.startsWith('expired')) throw Object.assign(new Error(token), { code: 'ERR_JWT_EXPIRED' });
        if (token.startsWith('bad')) throw new UnauthorizedException(`No: ${token}`);
        return { id: token, user: { name: token } };
      },
      ...realtime,
    },
    logger: { log: write, debug: write, verbose: write, warn: write, error: write },
  });
}

let requests = 0;

function who(headers: Record<string, string>): Promise<TestAnswer> {
  return post(arena, '/realtime/actions', { clientId: CLIENT_ID, id: String((requests += 1)), name: 'who' }, headers);
}

afterEach(() => arena.close());

describe('credentials of HTTP requests', () => {
  test.each([
    ['a bearer token', { authorization: 'Bearer ann' }],
    ['a bearer token in any letter case', { authorization: 'bearer  ann' }],
    ['a cookie with the own origin', () => ({ cookie: 'a=b; session=ann', origin: arena.origin })],
    ['a cookie from a page of this site', { cookie: 'session=ann', 'sec-fetch-site': 'same-origin' }],
    [
      'a token and the cookie of the same user',
      () => ({
        cookie: 'session=ann',
        authorization: 'Bearer ann',
        origin: arena.origin,
      }),
    ],
    [
      'a token beside a stale cookie',
      () => ({
        cookie: 'session=expired',
        authorization: 'Bearer ann',
        origin: arena.origin,
      }),
    ],
  ])('%s identifies the caller', async (_, headers) => {
    await start();
    expect(await who(typeof headers === 'function' ? headers() : headers)).toMatchObject({
      status: 200,
      json: { data: { name: 'ann' } },
    });
  });

  test.each([
    ['A1: a cookie without an origin', { cookie: 'session=ann' }],
    ['A1: a cookie from another site', { cookie: 'session=ann', 'sec-fetch-site': 'cross-site' }],
    ['a token in the URL', {}],
    ['a scheme other than Bearer', { authorization: 'Basic ann' }],
    ['nothing', {}],
  ])('%s is ignored', async (_, headers) => {
    await start();
    const body = { clientId: CLIENT_ID, id: '1', name: 'who' };
    const answer = await post(arena, '/realtime/actions?token=ann&access_token=ann', body, headers);
    expect(answer.json).toEqual({ type: 'ack', id: '1', data: null });
  });

  test.each([
    ['A2: a rejected token', { authorization: 'Bearer bad-token-123' }, undefined],
    ['A2: an expired token', { authorization: 'Bearer expired-token-123' }, { expired: true }],
    ['A2: a rejected cookie', { cookie: 'session=bad-token-123', 'sec-fetch-site': 'same-origin' }, undefined],
    [
      'a token and the cookie of another user',
      { cookie: 'session=bob', 'sec-fetch-site': 'same-origin', authorization: 'Bearer ann' },
      undefined,
    ],
  ])('%s is rejected with 401 on every path and appears in no log', async (_, headers, details) => {
    await start();
    const answers = [
      await who(headers),
      await post(arena, '/realtime/poll', { clientId: CLIENT_ID, topics: [] }, headers),
      await send(arena, { path: '/realtime/snapshot?topic=players/ann/purse', headers }),
    ];
    for (const { status, json } of answers) {
      expect(status).toBe(401);
      expect(json).toMatchObject({ type: 'error', code: 'unauthorized', temporary: false });
      expect(json['details']).toEqual(details);
    }
    expect(lines.join('\n')).not.toContain('token-123');
  });

  test('a connection guard that answers unavailable gives Retry-After, so the client resends the action', async () => {
    await start({ connectionGuards: [NotBanned] });
    expect(await who({ authorization: 'Bearer early' })).toMatchObject({
      status: 503,
      headers: { 'retry-after': '1' },
      json: { code: 'unavailable', retryAfter: 1_000 },
    });
  });

  test('A2: credentials that are not verified in time give unavailable, not unauthorized', async () => {
    await start({ authenticate: () => new Promise(() => undefined), limits: { timeouts: { authenticationMs: 20 } } });
    // The client resends an action rejected with `retryAfter`. Without it the action fails.
    expect(await who({ authorization: 'Bearer ann' })).toMatchObject({
      ...{ status: 503, json: { code: 'unavailable', retryAfter: 5_000 } },
    });
  });
});

describe('connection guards', () => {
  test('reject every request except config, with their own codes', async () => {
    await start({ connectionGuards: [NotBanned] });
    for (const [name, status, code] of [
      ['eve', 403, 'forbidden'],
      ['nobody', 401, 'unauthorized'],
    ] as const) {
      const headers = { authorization: `Bearer ${name}` };
      expect(await who(headers)).toMatchObject({ status, json: { code } });
      const poll = { clientId: CLIENT_ID, topics: [] };
      expect(await post(arena, '/realtime/poll', poll, headers)).toMatchObject({ status, json: { code } });
      expect(await send(arena, { path: '/realtime/snapshot?topic=x', headers })).toMatchObject({
        status,
        json: { code },
      });
      expect(await send(arena, { path: '/realtime/config', headers })).toMatchObject({ status: 200 });
    }
    expect(await who({ authorization: 'Bearer ann' })).toMatchObject({ status: 200 });
  });

  test('are the instances of the application, with their state', async () => {
    await start({ connectionGuards: [NotBanned] });
    arena.get(NotBanned).banned.add('ann');
    expect(await who({ authorization: 'Bearer ann' })).toMatchObject({ status: 403 });
  });
});

describe('origins of HTTP requests', () => {
  test.each([
    ['another origin', () => OTHER],
    ['null', () => 'null'],
    ['a look-alike origin', () => arena.origin.replace('127.0.0.1', '127.0.0.1.evil.example')],
    ['another port', () => arena.origin.replace(/:\d+$/, ':1')],
    ['a trailing dot', () => arena.origin.replace('127.0.0.1', 'localhost.')],
    ['capitals', () => arena.origin.toUpperCase()],
    ['a path', () => `${arena.origin}/`],
  ])('A1: %s is rejected on every path without CORS headers', async (_, origin) => {
    await start();
    for (const request of [
      { path: '/realtime/config' },
      { path: '/realtime/snapshot?topic=x' },
      { path: '/realtime/poll', method: 'POST' },
      { path: '/realtime/actions', method: 'OPTIONS' },
    ]) {
      const answer = await send(arena, { ...request, headers: { origin: origin() } });
      expect(answer).toMatchObject({ status: 403, json: { code: 'forbidden' } });
      expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
    }
  });

  test('A1: the log names a rejected origin, the host and the remedy', async () => {
    await start();
    await send(arena, { path: '/realtime/config', headers: { origin: OTHER } });
    const { host } = new URL(arena.origin);
    expect(lines.filter((line) => line.includes('rejected'))).toEqual([
      expect.stringMatching(
        new RegExp(`^request-rejected reason=forbidden message=".*other.example.*${host}.*allowedOrigins`),
      ),
    ]);
  });

  test('A1: two Origin headers are rejected, even if one is allowed', async () => {
    await start({ allowedOrigins: [OTHER] });
    const answer = await send(arena, {
      path: '/realtime/config',
      headers: { Origin: [OTHER, 'https://evil.example'] },
    });
    expect(answer.status).toBe(403);
  });

  test('an allowed origin may read every answer, errors included', async () => {
    await start({ allowedOrigins: [OTHER] });
    const headers = { origin: OTHER };
    for (const answer of [
      await send(arena, { path: '/realtime/config', headers }),
      await send(arena, { path: '/realtime/snapshot?topic=x', headers }),
      await who({ ...headers, authorization: 'Bearer bad' }),
    ]) {
      expect(answer.headers).toMatchObject({
        'access-control-allow-origin': OTHER,
        'access-control-allow-credentials': 'true',
        'access-control-expose-headers': 'ETag, Retry-After',
        vary: 'Authorization, Cookie, Origin',
      });
    }
    expect(await send(arena, { path: '/realtime/config', headers: { origin: arena.origin } })).toMatchObject({
      status: 403,
    });
  });

  test('a preflight lists the allowed headers', async () => {
    await start({ allowedOrigins: [OTHER] });
    const headers = { origin: OTHER, 'access-control-request-method': 'POST' };
    const answer = await send(arena, { method: 'OPTIONS', path: '/realtime/actions', headers });
    expect(answer).toMatchObject({
      status: 204,
      text: '',
      headers: {
        'access-control-allow-origin': OTHER,
        'access-control-allow-methods': 'GET, POST',
        'access-control-allow-headers': 'Authorization, Content-Type, If-None-Match, ngsw-bypass, statewire-version',
        'access-control-max-age': '600',
      },
    });
  });
});
