import { describe, expect, test } from '@jest/globals';
import {
  BadRequestException,
  GoneException,
  HttpException,
  InternalServerErrorException,
  PayloadTooLargeException,
  UnprocessableEntityException,
} from '@nestjs/common';
import { WsException } from '@nestjs/websockets';
import type { ErrorCode } from '@statewire/protocol';

import { RealtimeError } from '../core/errors.js';
import type { RealtimeLog } from '../core/realtime-log.js';
import type { RealtimeRequest } from '../core/realtime-request.js';
import { ExceptionMapper, fromFilterAnswer, fromThrown } from './exception-mapper.js';

const INTERNAL = { code: 'internal', message: 'Something failed on the server.' };

describe('fromThrown()', () => {
  test.each<[string, unknown, object]>([
    ['keeps a RealtimeError', new RealtimeError('conflict', 'Twice.'), { code: 'conflict', message: 'Twice.' }],
    ['maps an Error to internal', new Error('secret'), INTERNAL],
    ['maps a value that is not an error to internal', { code: 'forbidden', message: 'secret' }, INTERNAL],
    ['maps undefined to internal', undefined, INTERNAL],
    ['maps HTTP 500 to internal', new InternalServerErrorException('secret'), INTERNAL],
    ['maps a status that is not an error to internal', new HttpException('secret', 302), INTERNAL],
    ['maps 413 to too_large', new PayloadTooLargeException('Too much.'), { code: 'too_large', message: 'Too much.' }],
    [
      'maps 429 to too_many_requests',
      new HttpException('Slowly.', 429),
      { code: 'too_many_requests', message: 'Slowly.' },
    ],
    [
      'maps a list of messages with a 4xx status to validation_failed',
      new UnprocessableEntityException({ message: ['a must be b'] }),
      { code: 'validation_failed', options: { details: ['a must be b'] } },
    ],
    ['maps a list of messages with status 500 to internal', new HttpException({ message: ['secret'] }, 500), INTERNAL],
  ])('%s', (_, thrown, expected) => {
    expect(fromThrown(thrown, 'action')).toMatchObject(expected);
  });

  test.each([
    ['action', 'action_failed', 'action_failed'],
    ['topic', 'unknown_topic', 'bad_request'],
    ['connection', 'forbidden', 'forbidden'],
  ] as const)('for an %s, maps 410 to %s and other rejections to %s', (kind, gone, rejected) => {
    expect(fromThrown(new GoneException(), kind).code).toBe(gone);
    expect(fromThrown(new BadRequestException('No.'), kind).code).toBe(rejected);
    expect(fromThrown(new WsException('No.'), kind)).toMatchObject({ code: rejected, message: 'No.' });
  });
});

describe('ExceptionMapper', () => {
  test.each([
    ['null', null],
    ['undefined', undefined],
    ['a text', 'sold out'],
  ])('logs %s that a handler threw', async (_, thrown) => {
    const logged: unknown[] = [];
    const log = { error: (event: string, error: unknown) => logged.push([event, error]) };
    const mapper = new ExceptionMapper('Rooms.enter', 'action', log as unknown as RealtimeLog);
    expect(await mapper.toRealtimeError(thrown, { action: 'enter' } as RealtimeRequest)).toMatchObject(INTERNAL);
    expect(logged).toEqual([['handler-failed', thrown]]);
  });
});

describe('a RealtimeError', () => {
  test.each(['sold_out', 'toString'])('with the code %s, which the protocol does not have, cannot be made', (code) => {
    const make = () => new RealtimeError(code as ErrorCode, 'The shop is closed.');
    expect(make).toThrow(TypeError);
    expect(make).toThrow(code);
  });

  test.each([NaN, -1, Infinity, '5'])(
    'with a retryAfter of %p, which clients do not accept, cannot be made',
    (wait) => {
      const make = () => new RealtimeError('unavailable', 'Busy.', { retryAfter: wait as number });
      expect(make).toThrow(RangeError);
      expect(make).toThrow(String(wait));
    },
  );
});

describe('fromFilterAnswer()', () => {
  test('returns an error for a code of the protocol and a message', () => {
    const answer = { code: 'forbidden', message: 'No.', details: { at: new Date(0) }, retryAfter: 5, secret: 1 };
    expect(fromFilterAnswer(answer, 'cause')?.toFrame()).toEqual({
      type: 'error',
      code: 'forbidden',
      message: 'No.',
      temporary: false,
      details: { at: '1970-01-01T00:00:00.000Z' },
      retryAfter: 5,
    });
  });

  test.each([
    null,
    'forbidden',
    5,
    {},
    { code: 'nonsense', message: '' },
    { code: 'toString', message: '' },
    { code: 'forbidden' },
  ])('returns undefined for other results: %p', (answer) => {
    expect(fromFilterAnswer(answer, 'cause')).toBeUndefined();
  });
});
