import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { PublicationLog, type LogEntry } from './publication-log.js';

function entry(offset: number, { size = 1 } = {}): LogEntry {
  return { offset, size };
}

function offsets(entries: readonly LogEntry[]): number[] {
  return entries.map(({ offset }) => offset);
}

describe('PublicationLog', () => {
  test('keeps consecutive entries and restarts at a gap', () => {
    const log = new PublicationLog({ count: 10, bytes: 0, ageMs: 0 });
    for (const offset of [3, 4, 5]) log.push(entry(offset), 0);
    expect(offsets(log.above(3))).toEqual([4, 5]);
    expect(log.at(4)?.offset).toBe(4);
    expect(log.at(2)).toBeUndefined();
    expect(log.at(6)).toBeUndefined();
    log.push(entry(9), 0);
    expect(offsets(log.above(0))).toEqual([9]);
  });

  test('prepends older entries only if they reach the oldest one', () => {
    const log = new PublicationLog({ count: 10, bytes: 0, ageMs: 0 });
    for (const offset of [5, 6]) log.push(entry(offset), 0);
    log.prepend([entry(2), entry(3)], 0);
    expect(offsets(log.above(0))).toEqual([5, 6]);
    log.prepend([entry(3), entry(4), entry(5)], 0);
    expect(offsets(log.above(0))).toEqual([3, 4, 5, 6]);
  });

  test('prepends entries to an empty log', () => {
    const log = new PublicationLog({ count: 2, bytes: 0, ageMs: 0 });
    log.prepend([entry(1), entry(2), entry(3)], 0);
    expect(offsets(log.above(0))).toEqual([2, 3]);
  });

  test('keeps the newest entry even above the byte limit', () => {
    const log = new PublicationLog({ count: 0, bytes: 10, ageMs: 0 });
    log.push(entry(1, { size: 6 }), 0);
    log.push(entry(2, { size: 50 }), 0);
    expect(offsets(log.above(0))).toEqual([2]);
    log.push(entry(3, { size: 6 }), 0);
    expect(offsets(log.above(0))).toEqual([3]);
  });

  test('drops expired entries, including the newest', () => {
    const log = new PublicationLog({ count: 0, bytes: 0, ageMs: 100 });
    log.push(entry(1), 0);
    log.push(entry(2), 50);
    log.trim(100);
    expect(log.oldest).toBe(1);
    log.trim(101);
    expect(log.oldest).toBe(2);
    log.trim(151);
    expect(log.oldest).toBeUndefined();
    expect(log.size).toBe(0);
  });

  test('gives prepended entries the age of the oldest entry', () => {
    const log = new PublicationLog({ count: 0, bytes: 0, ageMs: 100 });
    log.push(entry(3), 10);
    log.push(entry(4), 50);
    log.prepend([entry(1), entry(2)], 90);
    log.trim(110);
    expect(log.oldest).toBe(1);
    log.trim(111);
    expect(offsets(log.above(0))).toEqual([4]);
    log.trim(151);
    log.prepend([entry(2), entry(3), entry(4)], 200);
    log.trim(300);
    expect(log.oldest).toBe(2);
    log.trim(301);
    expect(log.size).toBe(0);
  });

  test('always holds the longest suffix that its limits allow', () => {
    const limits = { count: 7, bytes: 40, ageMs: 30 };
    fc.assert(
      fc.property(
        fc.array(fc.record({ size: fc.integer({ min: 1, max: 20 }), wait: fc.integer({ min: 0, max: 12 }) }), {
          maxLength: 60,
        }),
        (pushes) => {
          const log = new PublicationLog(limits);
          const all: (LogEntry & { taken: number })[] = [];
          let now = 0;
          for (const { size, wait } of pushes) {
            now += wait;
            all.push({ ...entry(all.length + 1, { size }), taken: now });
            log.push(all.at(-1)!, now);
            const expected: typeof all = [];
            let bytes = 0;
            for (const candidate of [...all].reverse()) {
              bytes += candidate.size;
              const fits = expected.length < limits.count && (bytes <= limits.bytes || expected.length === 0);
              if (!fits || candidate.taken < now - limits.ageMs) break;
              expected.unshift(candidate);
            }
            expect(log.above(0)).toEqual(expected);
            expect(log.size).toBe(expected.length);
          }
        },
      ),
    );
  });
});
