import { describe, expect, test } from '@jest/globals';

import { ConnectionLimits } from './connection-limits.js';

const LIMITS = { connectionsPerUser: 2, connectionsPerAddress: 3, pendingPerAddress: 2 };

describe('the limits of connections', () => {
  test('A16: count those of an address that are not admitted, and free their places when they are', () => {
    const limits = new ConnectionLimits(LIMITS);
    const first = limits.enter('a');
    limits.enter('a');
    expect(() => limits.enter('a')).toThrow('not admitted yet');
    first.admit(undefined);
    limits.enter('a');
    expect(() => limits.enter('a')).toThrow('3 connections of this address');
    limits.enter('b');
  });

  test('A16: count those of a user, over all addresses', () => {
    const limits = new ConnectionLimits(LIMITS);
    const first = limits.enter('a');
    first.admit('alice');
    limits.enter('b').admit('alice');
    expect(() => limits.enter('c').admit('alice')).toThrow('2 connections of this user');
    first.leave();
    limits.enter('d').admit('alice');
  });

  test('free every place once, whenever a connection leaves', () => {
    const limits = new ConnectionLimits({ ...LIMITS, connectionsPerAddress: 2 });
    const [pending, admitted] = [limits.enter('a'), limits.enter('a')];
    admitted.admit('alice');
    for (const seat of [pending, pending, admitted, admitted]) seat.leave();
    limits.enter('a');
    limits.enter('a');
    expect(() => limits.enter('a')).toThrow();
  });

  test('mean nothing where addresses mean nothing', () => {
    const limits = new ConnectionLimits(LIMITS);
    const enter = () => limits.enter(undefined);
    for (let count = 0; count < 100; count += 1) expect(enter).not.toThrow();
  });

  test('are off at 0', () => {
    const limits = new ConnectionLimits({ connectionsPerUser: 0, connectionsPerAddress: 0, pendingPerAddress: 0 });
    const enter = () => limits.enter('a').admit('alice');
    for (let count = 0; count < 100; count += 1) expect(enter).not.toThrow();
  });

  test('say when to try again', () => {
    const limits = new ConnectionLimits({ ...LIMITS, pendingPerAddress: 1 });
    limits.enter('a');
    expect(() => limits.enter('a')).toThrow(
      expect.objectContaining({ code: 'too_many_requests', options: { retryAfter: 5_000 } }),
    );
  });
});
