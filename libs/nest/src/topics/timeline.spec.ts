import { describe, expect, test } from '@jest/globals';
import { applyDelta, DeltaError, type Json, type PatchFrame } from '@statewire/protocol';

import { idAt, liveAt, storedAt } from '../../test/support/publications.js';
import type { TopicHistory } from '../core/broker.js';
import { Content, Timeline } from './timeline.js';

const LIMITS = { count: 1_000, bytes: 0, ageMs: 0 };

function history(epoch: string, offsets: readonly number[], offset = offsets.at(-1) ?? 0): TopicHistory {
  const publications = offsets.map((each) => storedAt(epoch, each));
  return { epoch, offset, id: idAt(epoch, offset), oldest: offsets[0] ?? offset + 1, publications };
}

function events(count: number): Timeline {
  const timeline = new Timeline('notices', 'events', LIMITS, history('a', []));
  for (let offset = 1; offset <= count; offset++) {
    timeline.append(liveAt('a', offset, { data: String(offset) }), 0);
  }
  return timeline;
}

describe('Timeline', () => {
  test('does not use a delta of an earlier epoch', () => {
    const value = (score: number, name: string): Json => ({ score, name, note: 'x'.repeat(500) });
    const at = (epoch: string, head: Json): TopicHistory => ({
      ...history(epoch, [], 5),
      base: { offset: 5, data: JSON.stringify(head) },
      time: 5,
    });
    const before = value(2, 'ann');
    const after = value(2, 'bob');
    const timeline = new Timeline('score', 'state', LIMITS, at('a', value(1, 'bob')));
    const data = JSON.stringify(after);
    expect(timeline.deltaTo(new Content(data, after))).toBeDefined();
    timeline.reset(at('b', before));
    const frame = timeline.append(liveAt('b', 6, { data, value: after }), 0);
    const { delta } = JSON.parse(frame.text) as PatchFrame;
    expect(applyDelta(before, delta)).toEqual(after);
  });

  test('does not prepend publications of another epoch', () => {
    const timeline = new Timeline('notices', 'events', LIMITS, { ...history('a', [], 5), oldest: 1 });
    expect(timeline.missingFor({ epoch: 'a', offset: 3 })).toEqual({ above: 3 });
    timeline.prepend({ ...history('b', [4, 5]), oldest: 5 }, 0);
    expect(timeline.missingFor({ epoch: 'a', offset: 3 })).toEqual({ above: 3 });
    expect(timeline.start({ epoch: 'a', offset: 3 })).toMatchObject({ recovered: false, cursor: 5 });
    timeline.prepend(history('a', [4, 5]), 0);
    expect(timeline.start({ epoch: 'a', offset: 3 })).toMatchObject({ recovered: true, cursor: 3 });
    expect(timeline.missingFor({ epoch: 'a', offset: 3 })).toBeUndefined();
  });

  test('changes nothing if the deltas of a history do not fit', () => {
    const timeline = new Timeline('lobby', 'state', LIMITS, {
      ...history('a', [], 1),
      time: 1,
      base: { offset: 1, data: '{}' },
    });
    const wrong = { offset: 2, id: 'x', time: 2, delta: 'no JSON' };
    const restarted = { ...history('b', [], 2), time: 2, base: { offset: 1, data: '{}' }, publications: [wrong] };
    expect(() => timeline.reset(restarted)).toThrow('not JSON');
    expect(timeline.position).toEqual({ epoch: 'a', offset: 1 });
  });

  test('requests older publications only if the broker may have them', () => {
    const timeline = new Timeline('notices', 'events', LIMITS, { ...history('a', [], 9), oldest: 5 });
    expect(timeline.missingFor({ epoch: 'a', offset: 3 })).toBeUndefined();
    expect(timeline.missingFor({ epoch: 'a', offset: 4 })).toEqual({ above: 4 });
    expect(timeline.missingFor({ epoch: 'a', offset: 9 })).toBeUndefined();
    expect(timeline.missingFor({ epoch: 'a', offset: 10 })).toBe('newer');
    expect(timeline.missingFor({ epoch: 'b', offset: 9 })).toBe('newer');
    expect(timeline.missingFor('oldest')).toEqual({ above: 0 });
    expect(timeline.missingFor(undefined)).toBeUndefined();
    expect(events(3).missingFor('oldest')).toBeUndefined();
  });

  test('stops requesting older publications if the broker has none or started a new epoch', () => {
    const timeline = new Timeline('notices', 'events', LIMITS, { ...history('a', [], 9), oldest: 3 });
    expect(timeline.missingFor({ epoch: 'a', offset: 3 })).toEqual({ above: 3 });
    timeline.prepend({ ...history('a', [], 9), oldest: 7 }, 0);
    expect(timeline.missingFor({ epoch: 'a', offset: 3 })).toBeUndefined();
    expect(timeline.missingFor({ epoch: 'a', offset: 6 })).toEqual({ above: 6 });
    timeline.reset({ ...history('b', [], 9), oldest: 1 });
    expect(timeline.missingFor({ epoch: 'b', offset: 3 })).toEqual({ above: 3 });
    timeline.reset({ ...history('c', [], 9), oldest: 8 });
    expect(timeline.missingFor({ epoch: 'c', offset: 3 })).toBeUndefined();
  });

  test('requests the history from offset 0 for events, but not for a state', () => {
    const before = { ...history('a', [], 9), oldest: 1 };
    expect(new Timeline('t', 'events', LIMITS, before).missingFor({ epoch: 'a', offset: 0 })).toEqual({ above: 0 });
    const state = new Timeline('t', 'state', LIMITS, before);
    expect(state.missingFor({ epoch: 'a', offset: 0 })).toBeUndefined();
    expect(state.missingFor({ epoch: 'a', offset: 1 })).toEqual({ above: 1 });
  });

  test('recovers a reader of events exactly within its history', () => {
    const timeline = new Timeline('notices', 'events', LIMITS, history('a', [], 4));
    timeline.append(liveAt('a', 5, { data: '5' }), 0);
    expect(timeline.start({ epoch: 'a', offset: 3 })).toMatchObject({ recovered: false, cursor: 5 });
    expect(timeline.start({ epoch: 'a', offset: 4 })).toMatchObject({ recovered: true, cursor: 4 });
    expect(timeline.start({ epoch: 'a', offset: 5 })).toMatchObject({ recovered: true, cursor: 5 });
    expect(timeline.after(3)).toBe('lost');
    expect(new Timeline('notices', 'events', LIMITS, history('a', [], 4)).after(3)).toBe('lost');
  });

  test('takes only older publications from the broker’s history, and newer ones from messages', () => {
    const timeline = new Timeline('notices', 'events', LIMITS, { ...history('a', [], 5), oldest: 1 });
    timeline.prepend(history('a', [4, 5, 6, 7]), 0);
    expect(timeline.after(3)).toMatchObject({ cursor: 5 });
    timeline.append(liveAt('a', 6, { data: '6' }), 0);
    expect(timeline.after(3)).toMatchObject({ cursor: 6 });
  });

  test('keeps the frames of the newest publications and encodes older ones again', () => {
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

  test('replays events in steps', () => {
    const timeline = events(100);
    expect(timeline.after(0)).toMatchObject({ cursor: 64 });
    expect(timeline.after(64)).toMatchObject({ cursor: 100 });
    expect(timeline.after(100)).toBeUndefined();
  });

  test('ends a replay step with the event that exceeds 16 KiB', () => {
    const timeline = new Timeline('notices', 'events', LIMITS, history('a', []));
    const ofBytes = (bytes: number) => JSON.stringify('x'.repeat(bytes - 2));
    for (const [index, bytes] of [8_192, 8_191, 3, 8_192, 8_192, 3].entries()) {
      timeline.append(liveAt('a', index + 1, { data: ofBytes(bytes) }), 0);
    }
    expect(timeline.after(0)).toMatchObject({ cursor: 3 });
    expect(timeline.after(3)).toMatchObject({ cursor: 5 });
  });

  test.each([
    ['events by their data', 'events', { data: '"12345678"' }],
    ['states by their deltas', 'state', { data: '"a value that is longer"', delta: '"12345678"' }],
  ] as const)('keeps as many bytes of history as it may, %s', (_, kind, text) => {
    const timeline = new Timeline('t', kind, { ...LIMITS, bytes: 20 }, history('a', []));
    for (const offset of [1, 2, 3]) timeline.append(liveAt('a', offset, text), 0);
    const contradicted = [1, 2, 3].filter((offset) => timeline.contradicts(storedAt('b', offset)));
    expect(contradicted).toEqual([2, 3]);
  });

  test('has no value for events or without publications', () => {
    const { newest } = events(3);
    expect(newest).toBeUndefined();
    const named = new Timeline('t', 'events', LIMITS, {
      ...history('a', [1]),
      base: { offset: 1, data: '"value"' },
      time: 1,
    });
    expect(named.newest).toBeUndefined();
    const empty = new Timeline('t', 'state', LIMITS, { ...history('a', [], 5), time: 5 });
    expect(empty.newest).toBeUndefined();
    expect(empty.after(0)).toBeUndefined();
  });
});

/** A state topic at offset 1 with a value of this many JSON characters. */
function state(length: number): Timeline {
  const data = JSON.stringify('x'.repeat(length - 2));
  return new Timeline('t', 'state', LIMITS, { ...history('a', [], 1), base: { offset: 1, data }, time: 1 });
}

/** Appends a value with the given length and the given length of its delta. */
function append(timeline: Timeline, length: number, delta: number) {
  const offset = timeline.position.offset + 1;
  return timeline.append(
    liveAt('a', offset, {
      data: JSON.stringify('y'.repeat(length - 2)),
      delta: JSON.stringify('d'.repeat(delta - 2)),
    }),
    0,
  );
}

const kindsAfter = (timeline: Timeline, cursor: number): string[] => {
  const next = timeline.after(cursor);
  if (next === undefined || next === 'lost') return [];
  return next.frames.map(({ text }) => (JSON.parse(text) as { type: string }).type);
};

describe('a reader of a state', () => {
  test('gets a patch if it is shorter than the value', () => {
    const timeline = state(500);
    append(timeline, 500, 499);
    expect(kindsAfter(timeline, 1)).toEqual(['patch']);
    append(timeline, 500, 500);
    expect(kindsAfter(timeline, 2)).toEqual(['snapshot']);
  });

  test('gets several patches if they are shorter together, including their envelopes', () => {
    const timeline = state(500);
    for (const length of [199, 200]) append(timeline, 500, length);
    expect(kindsAfter(timeline, 1)).toEqual(['patch', 'patch']);
    append(timeline, 500, 200);
    expect(kindsAfter(timeline, 1)).toEqual(['snapshot']);
    expect(kindsAfter(timeline, 2)).toEqual(['snapshot']);
    expect(kindsAfter(timeline, 3)).toEqual(['patch']);
  });

  test('gets a snapshot if a patch is missing', () => {
    const timeline = state(500);
    expect(kindsAfter(timeline, 0)).toEqual(['snapshot']);
    append(timeline, 500, 100);
    expect(kindsAfter(timeline, 0)).toEqual(['snapshot']);
    expect(kindsAfter(timeline, 1)).toEqual(['patch']);
    const data = JSON.stringify('z'.repeat(498));
    timeline.extend({ ...history('a', [], 4), base: { offset: 4, data }, time: 4 }, 0);
    expect(kindsAfter(timeline, 1)).toEqual(['snapshot']);
    expect(kindsAfter(timeline, 4)).toEqual([]);
  });

  test('gets the delta of the broker, or the delta computed for the publication', () => {
    const timeline = state(500);
    expect(append(timeline, 500, 20).text).toContain(`"delta":"${'d'.repeat(18)}"`);
    let reads = 0;
    const value = {
      text: 'x'.repeat(200),
      get read() {
        return (reads += 1);
      },
    };
    timeline.append(liveAt('a', 3, { data: JSON.stringify({ text: value.text, read: 0 }) }), 0);
    reads = 0;
    const data = JSON.stringify({ text: value.text, read: 1 });
    const delta = timeline.deltaTo(new Content(data, value));
    expect(delta).toBeDefined();
    const computed = reads;
    expect(computed).toBeGreaterThan(0);
    const frame = timeline.append(liveAt('a', 4, { data, value }), 0);
    expect(reads).toBe(computed);
    expect(frame.text).toContain(`"delta":${delta!},`);
  });

  test('never gets a delta from the value of another epoch', () => {
    const timeline = state(500);
    const next = { text: JSON.stringify({ n: 2, text: 'x'.repeat(100) }) };
    const value = JSON.parse(next.text) as { n: number };
    const first = { ...value, n: 1 };
    const at = (epoch: string, head: Json) => {
      timeline.reset({ ...history(epoch, [], 1), base: { offset: 1, data: JSON.stringify(head) }, time: 1 });
      return timeline.deltaTo(new Content(next.text, value));
    };
    const delta = at('b', first);
    expect(at('c', { ...first, extra: true })).not.toBe(delta);
  });

  test('shares the live frame and the later snapshot with other readers', () => {
    const timeline = state(500);
    expect(frameAfter(timeline)).toBe(frameAfter(timeline));
    const live = timeline.append(liveAt('a', 2, { data: '"short"' }), 0);
    expect(frameAfter(timeline)).toBe(live);
  });

  test('without the newest operations shares one patch with others of the same kind, until the publication is sent', () => {
    const [before, after] = [
      ['a', 'b', 'c', 'd'],
      ['d', 'a', 'b', 'c'],
    ].map((list) => JSON.stringify(list.map((letter) => letter.repeat(99))));
    const base = { offset: 1, data: before! };
    const timeline = new Timeline('t', 'state', LIMITS, { ...history('a', [], 1), base, time: 1 });
    const delta = timeline.deltaTo(new Content(after))!;
    const frame = timeline.append(liveAt('a', 2, { data: after!, delta }), 0);
    expect(frame.text).toContain('"delta":{"<0":[3]}');
    const plain = timeline.patchWith([])!;
    expect(plain.text).toContain('"delta":{"~0":[0,"ddd');
    expect(timeline.patchWith([])).toBe(plain);
    expect(timeline.patchWith(['append'])!.text).toBe(plain.text);
    timeline.endStep();
    expect(timeline.patchWith([])).toBeUndefined();
  });

  test('has its value parsed once', () => {
    const base = { offset: 1, data: '{"n":1}' };
    const timeline = new Timeline('t', 'state', LIMITS, { ...history('a', [], 1), base, time: 1 });
    expect(timeline.newest!.value).toEqual({ n: 1 });
    expect(timeline.newest!.value).toBe(timeline.newest!.value);
  });

  test('has no delta to its first value', () => {
    const timeline = new Timeline('t', 'state', LIMITS, history('a', []));
    expect(timeline.deltaTo(new Content('{"n":1}'))).toBeUndefined();
  });
});

describe('a state of a broker that sends deltas', () => {
  const value = (n: number) => ({ n, text: 'x'.repeat(100) });
  const base = { offset: 1, data: JSON.stringify(value(1)) };
  const set = (n: number) => ({ delta: `{"=n":${n}}` });

  function following(): Timeline {
    return new Timeline('t', 'state', LIMITS, { ...history('a', [], 1), base, time: 1 });
  }

  test('is built from a delta without the value', () => {
    const timeline = following();
    const frame = timeline.append(liveAt('a', 2, set(2)), 0);
    expect(frame.text).toContain('"delta":{"=n":2}');
    timeline.append(liveAt('a', 3, set(3)), 0);
    expect(timeline.newest!.value).toEqual(value(3));
    expect(frameAfter(timeline)?.text).toContain(`"data":${JSON.stringify(value(3))}`);
  });

  test('is null after a delta that replaces it with null', () => {
    const timeline = following();
    timeline.append(liveAt('a', 2, { delta: '[null]' }), 0);
    expect(timeline.newest!.value).toBeNull();
    expect(frameAfter(timeline)?.text).toContain('"data":null');
  });

  test('is built from an earlier value and the publications above it', () => {
    const publications = [storedAt('a', 2, set(2)), storedAt('a', 3, set(3)), storedAt('a', 4, set(4))];
    const read: TopicHistory = { ...history('a', [], 4), base, time: 4, idAbove: idAt('a', 2), publications };
    expect(new Timeline('t', 'state', LIMITS, read).newest!.value).toEqual(value(4));
    const timeline = following();
    timeline.append(liveAt('a', 2, set(2)), 0);
    expect(timeline.extend(read, 0).map(([, { offset }]) => offset)).toEqual([3, 4]);
    expect(timeline.newest!.value).toEqual(value(4));
    expect(kindsAfter(timeline, 1)).toEqual(['snapshot']);
    expect(kindsAfter(timeline, 3)).toEqual(['patch']);
  });

  test.each([
    ['is not JSON', '{'],
    ['does not fit the value', '{">missing":{"=n":1}}'],
  ])('stays as it is if a delta %s', (_, delta) => {
    const timeline = following();
    expect(() => timeline.append(liveAt('a', 2, { delta }), 0)).toThrow(DeltaError);
    expect(timeline.position).toEqual({ epoch: 'a', offset: 1 });
    expect(timeline.newest!.value).toEqual(value(1));
  });
});

describe('the next publication', () => {
  test('is that at the next offset, if the broker has the same publication before it', () => {
    const timeline = events(2);
    expect(timeline.isNext(liveAt('a', 3))).toBe(true);
    expect(timeline.isNext(liveAt('a', 4))).toBe(false);
    expect(timeline.isNext(liveAt('b', 3))).toBe(false);
    expect(timeline.isNext({ ...liveAt('a', 3), previous: idAt('b', 2) })).toBe(false);
    expect(events(0).isNext(liveAt('a', 1))).toBe(true);
  });

  test('of a read is known by the id of the publication before it', () => {
    const timeline = events(2);
    const read = { ...history('a', [3, 4]), idAbove: idAt('a', 2) };
    expect(timeline.isContinuedBy(read)).toBe(true);
    expect(timeline.isContinuedBy({ ...read, publications: [storedAt('a', 4)] })).toBe(false);
    expect(timeline.isContinuedBy({ ...history('a', [], 2), idAbove: idAt('a', 2) })).toBe(true);
    for (const other of [{ ...read, idAbove: idAt('b', 2) }, history('a', [1])]) {
      expect([timeline.isContinuedBy(other), timeline.isContradictedBy(other)]).toEqual([false, true]);
    }
    for (const unknown of [history('a', [3, 4]), { ...read, epoch: 'b' }]) {
      expect([timeline.isContinuedBy(unknown), timeline.isContradictedBy(unknown)]).toEqual([false, false]);
    }
  });
});

function frameAfter(timeline: Timeline) {
  const next = timeline.after(0);
  return next === undefined || next === 'lost' ? undefined : next.frames[0];
}
