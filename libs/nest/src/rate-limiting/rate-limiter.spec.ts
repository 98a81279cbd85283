import { describe, expect, test } from '@jest/globals';
import { VirtualEnvironment } from '@statewire/testing';

import { SharedFrameLimits, TokenBucket, WindowCounter } from './rate-limiter.js';

function take(bucket: TokenBucket, now: number, attempts: number): number {
  return Array.from({ length: attempts }, () => bucket.take(now)).filter(Boolean).length;
}

describe('TokenBucket', () => {
  test('accepts a burst, then continues at the rate', () => {
    const bucket = new TokenBucket(20, 40, 0);
    expect(take(bucket, 0, 100)).toBe(40);
    expect(take(bucket, 1_000, 100)).toBe(20);
    expect(take(bucket, 60_000, 100)).toBe(40);
  });

  test('returns the time until the next token', () => {
    const bucket = new TokenBucket(20, 1, 0);
    bucket.take(0);
    expect(bucket.take(10)).toBe(false);
    expect(bucket.retryAfter).toBe(40);
    expect(bucket.take(10 + bucket.retryAfter)).toBe(true);
  });

  test('takes several tokens at once or none', () => {
    const bucket = new TokenBucket(20, 40, 0);
    expect(bucket.take(0, 30)).toBe(true);
    expect(bucket.take(0, 30)).toBe(false);
    expect(bucket.retryAfter).toBe(1_000);
    expect(bucket.take(0, 10)).toBe(true);
  });

  test('has no limit with a rate of 0', () => {
    expect(take(new TokenBucket(0, 0, 0), 0, 1_000)).toBe(1_000);
  });
});

const LIMITS = { perSecond: 20, perSecondPerUser: 3, perSecondPerAddress: 5 };

function countWhile(reject: () => unknown): number {
  let count = 0;
  while (count < 100 && reject() === undefined) count += 1;
  return count;
}

describe('A16: frame rate of users and addresses', () => {
  test('allows bursts of twice the rate and refills with time', async () => {
    const environment = new VirtualEnvironment();
    const rates = new SharedFrameLimits(LIMITS, environment);
    expect(countWhile(() => rates.rejectUser('alice'))).toBe(6);
    expect(countWhile(() => rates.rejectAddress('192.0.2.1'))).toBe(10);
    expect(rates.rejectUser('alice')).toMatchObject({ code: 'too_many_requests', options: { retryAfter: 334 } });
    expect(rates.rejectAddress('192.0.2.1')).toMatchObject({ code: 'too_many_requests', options: { retryAfter: 200 } });
    await environment.advance(1_000);
    expect(countWhile(() => rates.rejectUser('alice'))).toBe(3);
    expect(countWhile(() => rates.rejectAddress('192.0.2.1'))).toBe(5);
  });

  test('counts each user and address separately, and none without a key', () => {
    const rates = new SharedFrameLimits(LIMITS, new VirtualEnvironment());
    countWhile(() => rates.rejectUser('a'));
    expect(rates.rejectUser('b')).toBeUndefined();
    expect(rates.rejectAddress('a')).toBeUndefined();
    expect(countWhile(() => rates.rejectUser(undefined))).toBe(100);
    expect(countWhile(() => rates.rejectAddress(undefined))).toBe(100);
  });

  test.each([
    ['it is 0', { perSecondPerUser: 0, perSecondPerAddress: 0 }],
    ['the rate of a connection is 0', { perSecond: 0 }],
  ])('has no limit when %s', (_, off) => {
    const rates = new SharedFrameLimits({ ...LIMITS, ...off }, new VirtualEnvironment());
    expect(countWhile(() => rates.rejectUser('alice'))).toBe(100);
    expect(countWhile(() => rates.rejectAddress('192.0.2.1'))).toBe(100);
  });

  test('keeps a bounded number of addresses and drops idle ones', async () => {
    const environment = new VirtualEnvironment();
    const rates = new SharedFrameLimits(LIMITS, environment);
    for (let address = 0; address < 50_000; address += 1) rates.rejectAddress(String(address));
    expect(rates.size).toBe(20_000);
    expect(countWhile(() => rates.rejectAddress('49999'))).toBe(9);
    await environment.advance(2_001);
    expect(rates.size).toBe(0);
  });
});

describe('WindowCounter', () => {
  test('reaches its limit within one window only', () => {
    const count = new WindowCounter(3, 10_000);
    expect([0, 9_000].map((now) => count.reachesLimit(now))).toEqual([false, false]);
    expect([10_000, 18_999].map((now) => count.reachesLimit(now))).toEqual([false, true]);
  });

  test('never reaches a limit of 0', () => {
    const count = new WindowCounter(0, 10_000);
    expect([0, 0, 0].map((now) => count.reachesLimit(now))).toEqual([false, false, false]);
  });
});
