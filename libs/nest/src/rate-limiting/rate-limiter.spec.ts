import { describe, expect, test } from '@jest/globals';

import { TokenBucket } from './rate-limiter.js';

function take(bucket: TokenBucket, now: number, attempts: number): number {
  return Array.from({ length: attempts }, () => bucket.take(now)).filter(Boolean).length;
}

describe('a token bucket', () => {
  test('lets a burst through, and then what the rate gives back', () => {
    const bucket = new TokenBucket(20, 40, 0);
    expect(take(bucket, 0, 100)).toBe(40);
    expect(take(bucket, 1_000, 100)).toBe(20);
    expect(take(bucket, 60_000, 100)).toBe(40);
  });

  test('says how long the next one takes', () => {
    const bucket = new TokenBucket(20, 1, 0);
    bucket.take(0);
    expect(bucket.take(10)).toBe(false);
    expect(bucket.retryAfter).toBe(40);
    expect(bucket.take(10 + bucket.retryAfter)).toBe(true);
  });

  test('lets several through together, or none of them', () => {
    const bucket = new TokenBucket(20, 40, 0);
    expect(bucket.take(0, 30)).toBe(true);
    expect(bucket.take(0, 30)).toBe(false);
    expect(bucket.retryAfter).toBe(1_000);
    expect(bucket.take(0, 10)).toBe(true);
  });

  test('is no limit at a rate of 0', () => {
    expect(take(new TokenBucket(0, 0, 0), 0, 1_000)).toBe(1_000);
  });
});
