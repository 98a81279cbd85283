import { describe, expect, test } from '@jest/globals';

import { parseResponseFrame } from './http-response.js';

describe('the body of an HTTP answer to an action', () => {
  test('is an ack or an error', () => {
    const ack = { type: 'ack', id: 'i', data: 1 };
    const error = { type: 'error', id: 'i', code: 'forbidden', message: 'No.', temporary: false };
    expect(parseResponseFrame(JSON.stringify(ack))).toMatchObject(ack);
    expect(parseResponseFrame(JSON.stringify(error))).toEqual(error);
  });

  test('has a retryAfter of an hour at most', () => {
    const later = (retryAfter: number) =>
      parseResponseFrame(
        JSON.stringify({ type: 'error', id: 'i', code: 'unavailable', message: 'No.', temporary: true, retryAfter }),
      );
    expect(later(500)).toMatchObject({ retryAfter: 500 });
    expect(later(1e9)).toMatchObject({ retryAfter: 3_600_000 });
  });

  test.each(['<html>bad gateway</html>', '', 'null', '{"type":"tomorrow"}', '{"type":"pong"}', '{"type":"ping"}'])(
    'is ignored if it is not a frame: %s',
    (text) => {
      expect(parseResponseFrame(text)).toBeUndefined();
    },
  );
});
