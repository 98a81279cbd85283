import { describe, expect, test } from '@jest/globals';

import { loadProblemOf, problemOf } from './validation.js';

describe('a run', () => {
  const sent = { messages: 24_000, bytes: 6_000_000 };

  test('counts if all arrived that was sent', () => {
    expect(problemOf(sent, { ...sent })).toBeUndefined();
  });

  test.each([
    ['a message is missing', { ...sent, messages: 23_999 }, '23999 of 24000 messages arrived'],
    ['a message arrived twice', { ...sent, messages: 24_001 }, '24001 of 24000 messages arrived'],
    ['bytes are missing', { ...sent, bytes: 5_999_999 }, '5999999 of 6000000 bytes arrived'],
    ['there are more bytes', { ...sent, bytes: 6_000_001 }, '6000001 of 6000000 bytes arrived'],
  ])('is discarded if %s', (_, received, problem) => {
    expect(problemOf(sent, received)).toBe(problem);
  });

  test('counts if the load process had time to spare', () => {
    expect(loadProblemOf(500, 1_000)).toBeUndefined();
  });

  test('is discarded if the load process may have been the limit', () => {
    expect(loadProblemOf(990, 1_000)).toBe('the load process was busy for 99 % of the time');
  });
});
