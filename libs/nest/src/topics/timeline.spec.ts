import { describe, expect, test } from '@jest/globals';

import type { TopicHistory } from '../broker/broker.js';
import { Timeline } from './timeline.js';

const LIMITS = { count: 1_000, bytes: 0, age: 0 };

function history(epoch: string, offsets: readonly number[], offset = offsets.at(-1) ?? 0): TopicHistory {
  const publications = offsets.map((each) => ({ offset: each, time: each, data: `"${epoch}${each}"` }));
  return { epoch, offset, oldest: offsets[0] ?? offset + 1, publications };
}

function events(count: number): Timeline {
  const timeline = new Timeline('notices', 'events', LIMITS, history('a', []));
  for (let offset = 1; offset <= count; offset++) {
    timeline.append({ epoch: 'a', offset, time: offset, data: String(offset) }, 0);
  }
  return timeline;
}

describe('Timeline', () => {
  test('older publications of another epoch are not put in front', () => {
    const timeline = new Timeline('notices', 'events', LIMITS, { ...history('a', [], 5), oldest: 1 });
    expect(timeline.missing({ epoch: 'a', offset: 3 })).toEqual({ above: 3 });
    timeline.prepend(history('b', [4, 5]), 0);
    expect(timeline.start({ epoch: 'a', offset: 3 })).toMatchObject({ recovered: false, cursor: 5 });
    timeline.prepend(history('a', [4, 5]), 0);
    expect(timeline.start({ epoch: 'a', offset: 3 })).toMatchObject({ recovered: true, cursor: 3 });
    expect(timeline.missing({ epoch: 'a', offset: 3 })).toBeUndefined();
  });

  test('asks the broker for older publications only where it may have them', () => {
    const timeline = new Timeline('notices', 'events', LIMITS, { ...history('a', [], 9), oldest: 5 });
    expect(timeline.missing({ epoch: 'a', offset: 3 })).toBeUndefined();
    expect(timeline.missing({ epoch: 'a', offset: 4 })).toEqual({ above: 4 });
    expect(timeline.missing({ epoch: 'a', offset: 9 })).toBeUndefined();
    expect(timeline.missing({ epoch: 'a', offset: 10 })).toBe('newer');
    expect(timeline.missing({ epoch: 'b', offset: 9 })).toBe('newer');
    expect(timeline.missing('oldest')).toEqual({ above: 0 });
  });

  test('keeps the frames of the newest publications ready, and makes those of older ones again', () => {
    const timeline = events(100);
    const frame = (offset: number) => {
      const next = timeline.after(offset - 1);
      return next === undefined || next === 'lost' ? undefined : next.frames[0];
    };
    expect(frame(100)).toBe(frame(100));
    expect(frame(37)).toBe(frame(37));
    expect(frame(36)).not.toBe(frame(36));
    expect(frame(36)?.text).toBe(frame(36)?.text);
  });

  test('replays events in portions', () => {
    const timeline = events(100);
    expect(timeline.after(0)).toMatchObject({ cursor: 64 });
    expect(timeline.after(64)).toMatchObject({ cursor: 100 });
    expect(timeline.after(100)).toBeUndefined();
  });
});
