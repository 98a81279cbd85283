import { describe, expect, test } from '@jest/globals';

import { readAnswer } from './read-answer.js';

describe('the body of an HTTP answer to an action', () => {
  test('is an ack or an error', () => {
    const ack = { type: 'ack', id: 'i', data: 1 };
    const error = { type: 'error', id: 'i', code: 'forbidden', message: 'No.', temporary: false };
    expect(readAnswer(JSON.stringify(ack))).toMatchObject(ack);
    expect(readAnswer(JSON.stringify(error))).toEqual(error);
  });

  test('is believed to ask for an hour at most', () => {
    const later = (retryAfter: number) =>
      readAnswer(
        JSON.stringify({ type: 'error', id: 'i', code: 'unavailable', message: 'No.', temporary: true, retryAfter }),
      );
    expect(later(500)).toMatchObject({ retryAfter: 500 });
    expect(later(1e9)).toMatchObject({ retryAfter: 3_600_000 });
  });

  test.each(['<html>bad gateway</html>', '', 'null', '{"type":"tomorrow"}', '{"type":"pong"}', '{"type":"ping"}'])(
    'is none where something else answered: %s',
    (text) => {
      expect(readAnswer(text)).toBeUndefined();
    },
  );
});
