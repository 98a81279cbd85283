import { describe, expect, test } from '@jest/globals';

import { reactionToClose } from './close-code.js';

describe('reactionToClose', () => {
  test.each([
    [1000, 'reconnect'],
    [1005, 'reconnect'],
    [1006, 'reconnect'],
    [1008, 'stop'],
    [1009, 'reconnect'],
    [1011, 'reconnect'],
    [1012, 'reconnect'],
    [4000, 'stop'],
    [4001, 'reconnect'],
    [4002, 'stop'],
    [4099, 'stop'],
    [4100, 'reconnect-without-polling'],
    [4199, 'reconnect-without-polling'],
    [4200, 'reconnect-now'],
    [4299, 'reconnect-now'],
    [4300, 'reconnect'],
    [3999, 'reconnect'],
  ] as const)('a close with %i makes a client %s', (code, reaction) => {
    expect(reactionToClose(code)).toBe(reaction);
  });
});
