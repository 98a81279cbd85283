import { describe, expect, test } from '@jest/globals';
import { DELTA_CAPABILITIES, type ServerFrame, type Since, type TopicKind } from '@statewire/protocol';

import { idAt, liveAt, storedAt } from '../../test/support/publications.js';
import type { TopicHistory } from '../core/broker.js';
import { Counters } from '../core/counters.js';
import type { EncodedFrame } from '../delivery/frame-encoder.js';
import type { TopicBacklog } from '../delivery/frame-sink.js';
import { ConnectionSubscriber } from './subscribers.js';
import { Timeline } from './timeline.js';

const VALUE = 'x'.repeat(500);

/** A timeline of publications 1 to `offset` that contains those above `before`. */
function timelineOf(kind: TopicKind, offset: number, { epoch = 'a', before = 0 } = {}): Timeline {
  const timeline = new Timeline('t', kind, { count: 0, bytes: 0, ageMs: 0 }, historyOf(epoch, before));
  for (let next = before + 1; next <= offset; next++) publish(timeline, next);
  return timeline;
}

function historyOf(epoch: string, offset: number): TopicHistory {
  const newest = offset === 0 ? {} : { base: { offset, data: JSON.stringify(VALUE) }, time: offset };
  return { epoch, offset, id: idAt(epoch, offset), oldest: offset + 1, publications: [], ...newest };
}

/** The value of a state topic is much longer than its delta. */
function publish(timeline: Timeline, offset: number, delta: string | undefined = '["delta"]') {
  const { epoch } = timeline.position;
  const own = timeline.kind === 'state' && offset > 1 && delta !== '' ? { delta } : {};
  const publication = liveAt(epoch, offset, { data: JSON.stringify(VALUE), ...own });
  return [timeline.append(publication, 0), publication] as const;
}

/** A subscriber whose sink has room or is full. */
function setUp(timeline: Timeline, { since, room = true }: { since?: Since; room?: boolean } = {}) {
  const sent: string[] = [];
  const notes: string[] = [];
  const counters = new Counters();
  const outlet = {
    hasRoom: true,
    offers: 0,
    send: ({ text }: EncodedFrame) => {
      const { type, offset, ref } = JSON.parse(text) as ServerFrame & { offset: number; ref?: string };
      sent.push(`${type} ${offset}${ref === undefined ? '' : ` to ${ref}`}`);
    },
    offer(frame: EncodedFrame, _backlog: TopicBacklog) {
      outlet.offers += 1;
      if (outlet.hasRoom) outlet.send(frame);
      return outlet.hasRoom;
    },
    whenDrained: () => undefined,
    deltas: DELTA_CAPABILITIES,
  };
  outlet.hasRoom = room;
  const member = new ConnectionSubscriber(timeline, outlet, {
    since,
    ref: 'r',
    counters,
    onEnd: (code) => notes.push(`end: ${code}`),
    onClose: () => notes.push('close'),
  });
  const grow = (count = 1): void => {
    for (let n = 0; n < count; n++) member.appended(...publish(timeline, timeline.position.offset + 1));
  };
  const pull = (): readonly string[] | 'lost' => {
    const frames = member.pull();
    if (frames === 'lost') return frames;
    sent.length = 0;
    for (const frame of frames) outlet.send(frame);
    return sent.splice(0);
  };
  const heard = (): string[] => sent.splice(0);
  return { counters, grow, heard, member, notes, outlet, pull };
}

test('a reader without an optional operation gets the newest value once for several publications from the broker', () => {
  const timeline = timelineOf('state', 1);
  const { heard, member, outlet } = setUp(timeline);
  heard();
  outlet.deltas = [];
  const publications = [storedAt('a', 2, { delta: '{"<0":[3]}' }), storedAt('a', 3, { delta: '["delta"]' })];
  for (const [frame, each] of timeline.extend({ ...historyOf('a', 3), publications }, 0)) member.appended(frame, each);
  expect(heard()).toEqual(['snapshot 3']);
});

describe('the counter of resumes', () => {
  test.each<[string, Timeline, Since | undefined, object]>([
    ['with patches', timelineOf('state', 3), { epoch: 'a', offset: 1 }, { patches: 1 }],
    ['without news', timelineOf('state', 3), { epoch: 'a', offset: 3 }, { patches: 1 }],
    ['with events', timelineOf('events', 3), { epoch: 'a', offset: 1 }, { patches: 1 }],
    ['with a snapshot', timelineOf('state', 3, { before: 2 }), { epoch: 'a', offset: 1 }, { snapshot: 1 }],
    ['in a new epoch', timelineOf('state', 3, { epoch: 'b' }), { epoch: 'a', offset: 3 }, { lost: 1 }],
    ['beyond the kept events', timelineOf('events', 3, { before: 2 }), { epoch: 'a', offset: 1 }, { lost: 1 }],
    ['without a position', timelineOf('state', 3), undefined, {}],
    ['from the oldest event', timelineOf('events', 3), 'oldest', {}],
  ])('counts a resume %s', (_, timeline, since, resumes) => {
    const { counters } = setUp(timeline, since === undefined ? {} : { since });
    expect(counters.resumes.toRecord()).toEqual(resumes);
  });
});

describe('a reader that keeps up', () => {
  test('gets a long replay at once', () => {
    const { heard } = setUp(timelineOf('events', 100), { since: 'oldest' });
    expect(heard()).toEqual([
      'subscribed 100 to r',
      ...Array.from({ length: 100 }, (_, index) => `event ${index + 1}`),
    ]);
  });

  test('gets the value of a new epoch at once', () => {
    const timeline = timelineOf('state', 1);
    const { grow, heard, member } = setUp(timeline);
    heard();
    timeline.reset(historyOf('b', 3));
    member.restarted();
    expect(heard()).toEqual(['subscribed 3', 'snapshot 3']);
    grow();
    expect(heard()).toEqual(['patch 4']);
  });
});

describe('a reader that lags', () => {
  test('gets no more live frames and pulls the missed ones', () => {
    const { grow, heard, notes, outlet, pull } = setUp(timelineOf('events', 1));
    expect(heard()).toEqual(['subscribed 1 to r']);
    grow();
    outlet.hasRoom = false;
    grow(3);
    expect(heard()).toEqual(['event 2']);
    expect(outlet.offers).toBe(2);
    outlet.hasRoom = true;
    expect(pull()).toEqual(['event 3', 'event 4', 'event 5']);
    expect(pull()).toEqual([]);
    grow();
    expect(heard()).toEqual(['event 6']);
    expect(pull()).toEqual([]);
    expect(notes).toEqual([]);
  });

  test('gets the first part of a replay and pulls the rest', () => {
    const { grow, heard, outlet, pull } = setUp(timelineOf('events', 100), { since: 'oldest', room: false });
    // The number of events in one replay step, with 0.5 KiB each.
    expect(heard()).toHaveLength(1 + 33);
    grow();
    expect(outlet.offers).toBe(1);
    expect([pull(), pull(), pull(), pull()].map(({ length }) => length)).toEqual([33, 33, 101 - 99, 0]);
  });

  test('gets the new epoch before its frames, and only once', () => {
    const timeline = timelineOf('events', 1);
    const { grow, heard, member, outlet, pull } = setUp(timeline);
    heard();
    outlet.hasRoom = false;
    grow();
    for (const epoch of ['b', 'c']) {
      timeline.reset(historyOf(epoch, 5));
      member.restarted();
    }
    expect(outlet.offers).toBe(1);
    publish(timeline, 6);
    expect(pull()).toEqual(['subscribed 5', 'event 6']);
    expect(pull()).toEqual([]);
  });

  test('pulls a new epoch if its first frame makes it lag', () => {
    const timeline = timelineOf('events', 1);
    const { grow, heard, member, outlet, pull } = setUp(timeline);
    heard();
    outlet.hasRoom = false;
    timeline.reset(historyOf('b', 0));
    member.restarted();
    grow(2);
    expect(outlet.offers).toBe(1);
    expect(pull()).toEqual(['subscribed 0', 'event 1', 'event 2']);
    expect(pull()).toEqual([]);
    timeline.reset(historyOf('c', 4));
    outlet.hasRoom = true;
    member.restarted();
    grow();
    expect(heard()).toEqual(['subscribed 4', 'event 5']);
    expect(pull()).toEqual([]);
  });

  test('gets a new epoch without publications', () => {
    const timeline = timelineOf('events', 1);
    const { member, outlet, pull } = setUp(timeline);
    outlet.hasRoom = false;
    timeline.reset(historyOf('b', 0));
    member.restarted();
    expect(pull()).toEqual(['subscribed 0']);
    expect(pull()).toEqual([]);
  });

  test('of a state topic gets a new epoch with the position of its snapshot', () => {
    const timeline = timelineOf('state', 1);
    const { heard, member, outlet, pull } = setUp(timeline);
    expect(heard()).toEqual(['subscribed 1 to r', 'snapshot 1']);
    outlet.hasRoom = false;
    timeline.reset(historyOf('b', 2));
    member.restarted();
    publish(timeline, 3);
    expect(pull()).toEqual(['subscribed 3', 'snapshot 3']);
  });

  test('is lost if the history no longer has its next event', () => {
    const timeline = timelineOf('events', 3);
    const { grow, outlet, pull } = setUp(timeline);
    outlet.hasRoom = false;
    grow();
    timeline.reset(historyOf('a', 9));
    expect(pull()).toBe('lost');
  });
});

describe('the end of a topic', () => {
  test('comes at once to a current reader', () => {
    const { member, notes, pull } = setUp(timelineOf('events', 1));
    member.ended('closed');
    expect(notes).toEqual(['end: closed']);
    member.close();
    expect(notes).toEqual(['end: closed']);
    expect(pull()).toEqual([]);
  });

  test('comes once to a lagging reader, after the last publications', () => {
    const { grow, member, notes, outlet, pull } = setUp(timelineOf('events', 1));
    outlet.hasRoom = false;
    grow();
    member.ended('closed');
    expect(notes).toEqual([]);
    expect(pull()).toEqual(['event 2']);
    expect(notes).toEqual([]);
    expect(pull()).toEqual([]);
    expect(pull()).toEqual([]);
    expect(notes).toEqual(['end: closed']);
  });

  test('does not come if this node releases the topic', () => {
    const { grow, member, notes, outlet, pull } = setUp(timelineOf('events', 1));
    outlet.hasRoom = false;
    grow();
    member.ended('released');
    expect(pull()).toEqual([]);
    member.close();
    expect(notes).toEqual([]);
  });

  test('does not come to a closed subscription', () => {
    const { grow, member, notes, outlet, pull } = setUp(timelineOf('events', 1));
    outlet.hasRoom = false;
    grow();
    member.ended('closed');
    member.close();
    member.close();
    expect(pull()).toEqual([]);
    expect(notes).toEqual(['close']);
  });
});
