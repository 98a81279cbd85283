import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { ModuleRef } from '@nestjs/core';
import {
  ForbiddenException,
  HttpException,
  Logger,
  ServiceUnavailableException,
  UnauthorizedException,
} from '@nestjs/common';
import { WsException } from '@nestjs/websockets';
import { VirtualEnvironment } from '@statewire/testing';

import { resolveOptions } from '../core/resolve-options.js';
import type { RealtimeModuleOptions } from '../core/options.js';
import { RealtimeError } from '../core/errors.js';
import { RealtimeLog } from '../core/realtime-log.js';
import type { IncomingRequest, ReceivedRequest } from '../core/incoming-request.js';
import { parseCookies, RequestAdmission } from './request-admission.js';

/** What a hook does, the hook, and the error of the caller. */
type Verdict = [string, RealtimeModuleOptions['authenticate'], object];

const environment = new VirtualEnvironment();

function admission(options: RealtimeModuleOptions): RequestAdmission {
  const log = new RealtimeLog(new Logger('Realtime'), environment);
  return new RequestAdmission(resolveOptions(options, environment), {} as ModuleRef, log);
}

function request(headers: IncomingRequest['headers'] = {}, remoteAddress = '203.0.113.1'): IncomingRequest {
  const all = { host: 'play.example', ...headers };
  const rawHeaders = Object.entries(all).flatMap(([name, value]) => [name, String(value)]);
  return { headers: all, rawHeaders, remoteAddress, encrypted: true, httpVersion: '1.1' };
}

describe('RequestAdmission', () => {
  let warn: ReturnType<typeof jest.spyOn>;
  let logged: ReturnType<typeof jest.spyOn>;

  beforeEach(() => {
    warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    logged = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
  });

  afterEach(() => {
    warn.mockRestore();
    logged.mockRestore();
  });

  describe('A1: rejects with bad_request', () => {
    const host = ['Host', 'play.example'];
    test.each<[string, readonly string[], Partial<IncomingRequest>?]>([
      ['no Host', []],
      ['two Hosts', [...host, 'HOST', 'evil.example']],
      ['the same Host twice', [...host, ...host]],
      ['two Authorizations', [...host, 'Authorization', 'Bearer a', 'authorization', 'Bearer b']],
      ['two Hosts beside :authority', [':authority', 'play.example', ...host, ...host], { httpVersion: '2.0' }],
      ['no Host and no :authority', [], { httpVersion: '2.0' }],
      ['two Hosts in HTTP/1.0', [...host, ...host], { httpVersion: '1.0' }],
      ['an upgrade of HTTP/1.0 without Host', [], { httpVersion: '1.0', headers: { upgrade: 'websocket' } }],
    ])('%s', (_, rawHeaders, rest = {}) => {
      const receive = (): unknown => admission({}).receive({ ...request(), ...rest, rawHeaders });
      expect(receive).toThrow(expect.objectContaining({ code: 'bad_request' }));
    });
  });

  describe('receive()', () => {
    test.each<[string, readonly string[], string]>([
      ['one Host', ['Host', 'play.example'], '1.1'],
      ['one :authority and no Host', [':authority', 'play.example'], '2.0'],
      ['one :authority and one Host', [':authority', 'play.example', 'host', 'play.example'], '2.0'],
      ['no Host in HTTP/1.0', [], '1.0'],
    ])('accepts a request with %s', (_, rawHeaders, httpVersion) => {
      expect(admission({}).receive({ ...request(), rawHeaders, httpVersion }).ip).toBe('203.0.113.1');
    });

    test('A1: reads cookies only from pages of allowed origins, in any letter case', () => {
      const { cookies, cookieToken, headers } = admission({ cookie: 's', authenticate: () => undefined }).receive(
        request({ cookie: 's=1' }),
      );
      expect({ cookies, cookieToken }).toEqual({ cookies: {}, cookieToken: undefined });
      expect(headers).not.toHaveProperty('cookie');
    });

    test('reads the token from the cookie of an allowed page', () => {
      const received = admission({ cookie: 's', authenticate: () => undefined }).receive(
        request({ cookie: 's=1; t=2', origin: 'https://play.example' }),
      );
      expect(received).toMatchObject({ cookies: { s: '1', t: '2' }, cookieToken: '1', origin: 'https://play.example' });
    });

    test('reads no token from a cookie named like a property of Object.prototype', () => {
      const received = admission({ cookie: 'constructor', authenticate: () => undefined }).receive(
        request({ origin: 'https://play.example' }),
      );
      expect(received.cookieToken).toBeUndefined();
    });

    test('A16: warns once about X-Forwarded-For without a trusted proxy', () => {
      const strict = admission({});
      for (let count = 0; count < 3; count++) {
        expect(strict.receive(request({ 'x-forwarded-for': '198.51.100.1' })).ip).toBe('203.0.113.1');
      }
      expect(warn).toHaveBeenCalledTimes(1);
      expect(warn).toHaveBeenCalledWith(expect.stringMatching(/^forwarded-header-ignored advice=".*trustedProxies/));
    });

    test('allows every origin with allowAnyOrigin, and warns at the start', async () => {
      const open = admission({ allowAnyOrigin: true });
      await open.onModuleInit();
      expect(open.receive(request({ origin: 'https://evil.example' })).origin).toBe('https://evil.example');
      expect(warn).toHaveBeenCalledWith(expect.stringMatching(/^any-origin-allowed advice="allowAnyOrigin/));
    });
  });

  describe('identify()', () => {
    const seen: { token: string; authorization: unknown; admission: string }[] = [];

    function verifying(users: Record<string, string>, more: RealtimeModuleOptions = {}): RequestAdmission {
      seen.length = 0;
      return admission({
        cookie: 's',
        authenticate: ({ headers, admission: how }, token) => {
          seen.push({ token, authorization: headers['authorization'], admission: how });
          const id = users[token];
          return id === undefined ? undefined : { id, user: id };
        },
        ...more,
      });
    }

    function received(over: Partial<ReceivedRequest> = {}): ReceivedRequest {
      return {
        headers: {},
        cookies: {},
        ip: '203.0.113.1',
        network: '203.0.113.1',
        origin: undefined,
        bearer: undefined,
        cookieToken: undefined,
        ...over,
      };
    }

    test('gives no identity without credentials and does not call the hook', async () => {
      expect(await verifying({}).identify(received())).toBeUndefined();
      expect(seen).toEqual([]);
    });

    test('gives the identity from the hook, with the token as authorization header', async () => {
      expect(await verifying({ t: 'ann' }).identify(received(), 't')).toMatchObject({ id: 'ann' });
      expect(seen).toEqual([{ token: 't', authorization: 'Bearer t', admission: 'hello' }]);
    });

    test('prefers the token of hello to the token of the upgrade', async () => {
      const users = verifying({ a: 'ann', b: 'bob' });
      expect(await users.identify(received({ bearer: 'b' }), 'a')).toMatchObject({ id: 'ann' });
    });

    test.each([
      ['the same user', { s: 'ann' }, true],
      ['another user', { s: 'bob' }, false],
      ['a user who no longer exists', {}, true],
    ])('checks a token against the cookie of %s', async (_, cookies, passes) => {
      const identity = verifying({ t: 'ann', ...cookies }).identify(received({ cookieToken: 's' }), 't');
      if (passes) expect(await identity).toMatchObject({ id: 'ann' });
      else await expect(identity).rejects.toMatchObject({ code: 'unauthorized' });
    });

    test.each<Verdict>([
      ['returns nothing', () => undefined, { code: 'unauthorized', options: {} }],
      [
        'throws an exception of Nest',
        () => Promise.reject(new UnauthorizedException('token secret')),
        { code: 'unauthorized', message: 'The credentials were rejected.' },
      ],
      [
        'throws one at once',
        () => {
          throw new ForbiddenException('token secret');
        },
        { code: 'unauthorized', message: 'The credentials were rejected.' },
      ],
      [
        'throws a WsException, as guards of gateways do',
        () => Promise.reject(new WsException('token secret')),
        { code: 'unauthorized', message: 'The credentials were rejected.' },
      ],
      [
        'throws the error of middleware',
        () => Promise.reject(Object.assign(new Error('token secret'), { status: 401 })),
        { code: 'unauthorized', message: 'The credentials were rejected.' },
      ],
      ...['JsonWebTokenError', 'NotBeforeError'].map((name): Verdict => [
        `throws a ${name} of jsonwebtoken`,
        () => Promise.reject(Object.assign(new Error('token secret'), { name })),
        { code: 'unauthorized', message: 'The credentials were rejected.', options: {} },
      ]),
      ...['JWT_CLAIM_VALIDATION_FAILED', 'JWS_SIGNATURE_VERIFICATION_FAILED', 'JWKS_NO_MATCHING_KEY'].map(
        (code): Verdict => [
          `throws ERR_${code} of jose`,
          () => Promise.reject(Object.assign(new Error('token secret'), { code: `ERR_${code}` })),
          { code: 'unauthorized', message: 'The credentials were rejected.', options: {} },
        ],
      ),
      ...['ERR_JWKS_TIMEOUT', 'ECONNREFUSED'].map((code): Verdict => [
        `throws ${code}`,
        () => Promise.reject(Object.assign(new Error('token secret'), { code })),
        { code: 'unavailable', message: 'The credentials cannot be verified right now.' },
      ]),
      ...[408, 429].map((status): Verdict => [
        `throws an exception of Nest with ${status}`,
        () => Promise.reject(new HttpException('token secret', status)),
        { code: 'unavailable' },
      ]),
      ...[400, 404, 429, 500].map((status): Verdict => [
        `throws an error with the status ${status} of another service`,
        () => Promise.reject(Object.assign(new Error('token secret'), { status })),
        { code: 'unavailable' },
      ]),
      ['throws an Error', () => Promise.reject(new Error('token secret')), { code: 'unavailable' }],
      [
        'throws a text',
        () => {
          // eslint-disable-next-line @typescript-eslint/only-throw-error -- applications may throw anything
          throw 'token secret';
        },
        { code: 'unavailable' },
      ],
      [
        'throws an error of jose',
        () => Promise.reject(Object.assign(new Error(), { code: 'ERR_JWT_EXPIRED' })),
        { options: { details: { expired: true } } },
      ],
      [
        'throws an error of jsonwebtoken',
        () => Promise.reject(Object.assign(new Error(), { name: 'TokenExpiredError' })),
        { options: { details: { expired: true } } },
      ],
      [
        'returns an expired identity',
        () => ({ id: 'ann', user: 1, expiresAt: environment.now() }),
        { options: { details: { expired: true } } },
      ],
      [
        'throws a RealtimeError',
        () => Promise.reject(new RealtimeError('forbidden', 'Banned.')),
        { code: 'forbidden', message: 'Banned.' },
      ],
      ['throws a 503', () => Promise.reject(new ServiceUnavailableException('db')), { code: 'unavailable' }],
      ['returns an empty id', () => ({ id: '', user: 1 }), { code: 'unauthorized' }],
      ['returns null', () => null as never, { code: 'unauthorized', options: {} }],
    ])('A2: a hook that %s', async (_, authenticate, expected) => {
      await expect(verifying({}, { authenticate }).identify(received(), 't')).rejects.toMatchObject(expected);
    });

    test.each<[string, unknown, string]>([
      ['NaN', Number.NaN, 'that is no time'],
      ['Infinity', Infinity, 'that is no time'],
      ['a Date', new Date(environment.now() + 60_000), 'that is no time'],
      ['null', null, 'that is no time'],
      ['a time in seconds', environment.now() / 1_000 + 60, 'looks like seconds'],
    ])('A2: rejects an identity with an expiry of %s and logs one line', async (_, expiresAt, hint) => {
      const authenticate = () => ({ id: 'ann', user: 1, expiresAt: expiresAt as number });
      const users = verifying({}, { authenticate });
      for (let count = 0; count < 3; count++) {
        await expect(users.identify(received(), 't')).rejects.toMatchObject({ code: 'unauthorized' });
      }
      expect(warn.mock.calls).toEqual([[expect.stringContaining(hint)]]);
      expect(warn).toHaveBeenCalledWith(expect.stringMatching(/^identity-rejected reason=expiresAt advice=/));
    });

    test.each<[string, Error, string, boolean]>([
      ['has a mistake', new TypeError('undefined has no sub'), 'unavailable', true],
      ['cannot reach its database', new ServiceUnavailableException('db'), 'unavailable', true],
      ['rejects the token', new UnauthorizedException('token secret'), 'unauthorized', false],
    ])('A2: logs the error of a hook that %s only if the server is at fault', async (_, error, code, isLogged) => {
      const users = verifying({}, { authenticate: () => Promise.reject(error) });
      await expect(users.identify(received(), 't')).rejects.toMatchObject({
        code,
        message: expect.not.stringContaining(error.message),
      });
      const line = ['authentication-failed', expect.stringContaining(error.message)];
      expect(logged.mock.calls).toEqual(isLogged ? [line] : []);
    });

    test('answers unavailable when the hook exceeds its timeout', async () => {
      const identity = verifying({}, { authenticate: () => new Promise(() => undefined) }).identify(received(), 't');
      const outcome = expect(identity).rejects.toMatchObject({ code: 'unavailable' });
      await environment.advance(10_000);
      await outcome;
    });
  });
});

describe('parseCookies', () => {
  test.each<[string, string | undefined, Record<string, string>]>([
    ['nothing', undefined, {}],
    ['several', 'a=1; b=2', { a: '1', b: '2' }],
    ['values with an equals sign', 'a=b=c', { a: 'b=c' }],
    ['quoted and encoded values', 'a="x y"; b=%C3%A4', { a: 'x y', b: 'ä' }],
    ['values with invalid percent-encoding', 'a=%zz', { a: '%zz' }],
    ['the first of two with one name', 'a=1; a=2', { a: '1' }],
    ['pairs without a value', 'a; b=1;;', { b: '1' }],
  ])('reads %s', (_, header, cookies) => {
    expect(parseCookies(header)).toEqual(cookies);
  });

  test('reads a cookie named __proto__ as a plain cookie', () => {
    const cookies = parseCookies('__proto__=x; constructor=y');
    expect(Object.entries(cookies)).toEqual([
      ['__proto__', 'x'],
      ['constructor', 'y'],
    ]);
    expect(Object.getPrototypeOf(cookies)).toBe(Object.prototype);
  });
});
