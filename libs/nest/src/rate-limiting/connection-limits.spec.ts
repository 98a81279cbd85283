import { describe, expect, test } from '@jest/globals';

import { VirtualEnvironment } from '@statewire/testing';
import { ConnectionLimits } from './connection-limits.js';

const LIMITS = { perUser: 2, perAddress: 3, pendingPerAddress: 2, newPerSecondPerUser: 0, newPerSecondPerAddress: 0 };

const create = (limits: Partial<typeof LIMITS> = {}, environment = new VirtualEnvironment()) =>
  new ConnectionLimits({ ...LIMITS, ...limits }, environment);

describe('ConnectionLimits', () => {
  test('A16: limit the connections of an address before admission, and stop counting them at admission', () => {
    const limits = create();
    const first = limits.enter('a');
    limits.enter('a');
    expect(() => limits.enter('a')).toThrow('not admitted yet');
    first.admit(undefined);
    limits.enter('a');
    expect(() => limits.enter('a')).toThrow('3 connections of this address');
    limits.enter('b');
  });

  test('A16: limit the connections of a user over all addresses', () => {
    const limits = create();
    const first = limits.enter('a');
    first.admit('alice');
    limits.enter('b').admit('alice');
    expect(() => limits.enter('c').admit('alice')).toThrow('2 connections of this user');
    first.leave();
    limits.enter('d').admit('alice');
  });

  test('release each slot once', () => {
    const limits = create({ perAddress: 2 });
    const [pending, admitted] = [limits.enter('a'), limits.enter('a')];
    admitted.admit('alice');
    for (const slot of [pending, pending, admitted, admitted]) slot.leave();
    limits.enter('a');
    limits.enter('a');
    expect(() => limits.enter('a')).toThrow();
  });

  test('do not apply to an unknown network', () => {
    const limits = create();
    const enter = () => limits.enter(undefined);
    for (let count = 0; count < 100; count += 1) expect(enter).not.toThrow();
  });

  test('are off with 0', () => {
    const limits = create({
      ...{ perUser: 0, perAddress: 0, pendingPerAddress: 0 },
      ...{ newPerSecondPerUser: 1, newPerSecondPerAddress: 1 },
    });
    const enter = () => limits.enter('a').admit('alice');
    for (let count = 0; count < 100; count += 1) expect(enter).not.toThrow();
  });

  test('give retryAfter', () => {
    const limits = create({ pendingPerAddress: 1 });
    limits.enter('a');
    expect(() => limits.enter('a')).toThrow(
      expect.objectContaining({ code: 'too_many_requests', options: { retryAfter: 5_000 } }),
    );
  });
});

describe('A16: rate of new connections', () => {
  const RATES = {
    ...{ perUser: 5, perAddress: 10, pendingPerAddress: 0 },
    ...{ newPerSecondPerUser: 2, newPerSecondPerAddress: 4 },
  };

  function countWhile(connect: () => void): number {
    let count = 0;
    try {
      for (; count < 100; count += 1) connect();
    } catch (error) {
      expect(error).toMatchObject({ code: 'too_many_requests', options: { retryAfter: expect.any(Number) } });
    }
    return count;
  }

  test('allows a burst of the connection limit of an address, then its rate', async () => {
    const environment = new VirtualEnvironment();
    const limits = create(RATES, environment);
    const connect = () => limits.enter('a').leave();
    expect(countWhile(connect)).toBe(10);
    expect(connect).toThrow(expect.objectContaining({ options: { retryAfter: 250 } }));
    expect(() => limits.enter('b')).not.toThrow();
    await environment.advance(2_000);
    expect(countWhile(connect)).toBe(8);
  });

  test('allows a burst of twice the connection limit of a user over all addresses', async () => {
    const environment = new VirtualEnvironment();
    const limits = create(RATES, environment);
    let address = 0;
    const connect = () => {
      const slot = limits.enter(String((address += 1)));
      slot.admit('alice');
      slot.leave();
    };
    expect(countWhile(connect)).toBe(10);
    await environment.advance(1_000);
    expect(countWhile(connect)).toBe(2);
    expect(() => limits.enter('b').admit('bob')).not.toThrow();
  });

  test.each([
    ['the rate', { newPerSecondPerUser: 0, newPerSecondPerAddress: 0 }],
    ['the number of connections', { perUser: 0, perAddress: 0 }],
  ])('has no limit when %s is not limited', (_, off) => {
    const limits = create({ ...RATES, ...off });
    const connect = () => {
      const slot = limits.enter('a');
      slot.admit('alice');
      slot.leave();
    };
    expect(countWhile(connect)).toBe(100);
  });

  test('keeps no entry after a connection ends, and a bounded number of addresses', async () => {
    const environment = new VirtualEnvironment();
    const limits = create(RATES, environment);
    for (let address = 0; address < 50_000; address += 1) limits.enter(String(address)).leave();
    expect(limits.size).toBe(20_000);
    await environment.advance(2_501);
    expect(limits.size).toBe(0);
  });
});
