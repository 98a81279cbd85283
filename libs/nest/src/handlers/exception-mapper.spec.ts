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

import { RealtimeError } from '../core/errors.js';
import { fromFilterAnswer, fromThrown } from './exception-mapper.js';

const INTERNAL = { code: 'internal', message: 'Something failed on the server.' };

describe('what application code throws becomes', () => {
  test.each<[string, unknown, object]>([
    [
      'itself where it is a RealtimeError',
      new RealtimeError('conflict', 'Twice.'),
      { code: 'conflict', message: 'Twice.' },
    ],
    ['internal where it is an Error', new Error('secret'), INTERNAL],
    ['internal where it is no error at all', { code: 'forbidden', message: 'secret' }, INTERNAL],
    ['internal where it is nothing', undefined, INTERNAL],
    ['internal where it is an HTTP 500', new InternalServerErrorException('secret'), INTERNAL],
    ['internal where its status is none of an error', new HttpException('secret', 302), INTERNAL],
    ['too_large for 413', new PayloadTooLargeException('Too much.'), { code: 'too_large', message: 'Too much.' }],
    ['too_many_requests for 429', new HttpException('Slowly.', 429), { code: 'too_many_requests', message: 'Slowly.' }],
    [
      'validation_failed for a list of messages, whatever the status',
      new UnprocessableEntityException({ message: ['a must be b'] }),
      { code: 'validation_failed', options: { details: ['a must be b'] } },
    ],
    ['internal for a list of messages of a 500', new HttpException({ message: ['secret'] }, 500), INTERNAL],
  ])('%s', (_, thrown, expected) => {
    expect(fromThrown(thrown, 'action')).toMatchObject(expected);
  });

  test.each([
    ['action', 'action_failed', 'action_failed'],
    ['topic', 'unknown_topic', 'bad_request'],
    ['connection', 'forbidden', 'forbidden'],
  ] as const)('for an %s: %s where it is gone, %s where it is refused otherwise', (kind, gone, refused) => {
    expect(fromThrown(new GoneException(), kind).code).toBe(gone);
    expect(fromThrown(new BadRequestException('No.'), kind).code).toBe(refused);
    expect(fromThrown(new WsException('No.'), kind)).toMatchObject({ code: refused, message: 'No.' });
  });
});

describe('what a filter returns', () => {
  test('is an error where it has a code of the protocol and a message', () => {
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
  ])('is none otherwise: %p', (answer) => {
    expect(fromFilterAnswer(answer, 'cause')).toBeUndefined();
  });
});
