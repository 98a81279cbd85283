import type { Json, SubscribedFrame, TopicKind } from '@statewire/protocol';
import { describe, expect, test } from '@jest/globals';
import { VirtualEnvironment } from '@statewire/testing';

import { MetricsRecorder } from '../core/metrics-recorder.js';
import type { EventDelivery } from '../topics/topic-state.js';
import { EventStore } from '../topics/event-store.js';
import { StateStore } from '../topics/state-store.js';
import { LIVE } from '../topics/topic-store.js';
import { TopicFeed, type FeedFrame } from './topic-feed.js';

const topic = 't';
const at = (epoch: string, offset: number) => ({ epoch, offset });
const snapshot = (epoch: string, offset: number): FeedFrame => ({
  type: 'snapshot',
  topic,
  epoch,
  offset,
  data: offset,
});
const patch = (from: number, offset: number): FeedFrame => ({ type: 'patch', topic, from, offset, delta: [offset] });
const event = (offset: number): FeedFrame => ({ type: 'event', topic, offset, data: offset });
const subscribed = (kind: TopicKind, epoch: string, offset: number, recovered: boolean): SubscribedFrame => ({
  ...{ type: 'subscribed', topic, kind, epoch, offset, recovered },
});

function stateStore(epoch?: string, offset = 0): StateStore {
  const environment = new VirtualEnvironment();
  const store = new StateStore(environment, new MetricsRecorder(environment));
  if (epoch !== undefined) store.replace(offset, at(epoch, offset), LIVE);
  return store;
}

function eventStore(epoch?: string, offset = 0): EventStore {
  const store = new EventStore(new MetricsRecorder(new VirtualEnvironment()));
  if (epoch !== undefined) store.start(at(epoch, offset), LIVE);
  return store;
}

describe('a feed of a state topic', () => {
  test('frames before subscribed are a hole', () => {
    expect(new TopicFeed(stateStore(), undefined).apply(snapshot('e', 1))).toBe('hole');
  });

  test('an event is always a hole', () => {
    const feed = new TopicFeed(stateStore('e', 5), at('e', 5));
    feed.apply(subscribed('state', 'e', 5, true));
    expect(feed.apply(event(6))).toBe('hole');
    expect(feed.apply(event(5))).toBe('hole');
  });

  test('a topic without any publication is live, and has no value', () => {
    const store = stateStore('d', 3);
    expect(new TopicFeed(store, at('d', 3)).apply(subscribed('state', 'e', 0, false))).toBe('applied');
    expect(store.cursor).toEqual(at('e', 0));
    expect(store.freshness.state).toBe('live');
  });

  test('recovered at the own position is live at once; otherwise it is catching up until the last patch', () => {
    const store = stateStore('e', 3);
    store.setFreshness({ state: 'stale', staleSince: 0 });
    new TopicFeed(store, at('e', 3)).apply(subscribed('state', 'e', 3, true));
    expect(store.freshness.state).toBe('live');
    const feed = new TopicFeed(store, at('e', 3));
    feed.apply(subscribed('state', 'e', 5, true));
    expect(store.freshness.state).toBe('catching-up');
    feed.apply(patch(3, 4));
    expect(store.freshness.state).toBe('catching-up');
    feed.apply(patch(4, 5));
    expect(store.freshness.state).toBe('live');
  });

  test('not recovered is catching up until the snapshot, even with a lower offset', () => {
    const store = stateStore('e', 9);
    const feed = new TopicFeed(store, at('e', 9));
    feed.apply(subscribed('state', 'e', 4, false));
    expect(store.freshness.state).toBe('catching-up');
    expect(feed.apply(snapshot('e', 4))).toBe('applied');
    expect(store.cursor).toEqual(at('e', 4));
    expect(store.freshness.state).toBe('live');
  });

  test('a snapshot of another epoch than the stream’s is a hole', () => {
    const store = stateStore('e', 1);
    const feed = new TopicFeed(store, at('e', 1));
    feed.apply(subscribed('state', 'e', 1, true));
    expect(feed.apply(snapshot('f', 2))).toBe('hole');
    expect(store.cursor).toEqual(at('e', 1));
  });

  test('a first snapshot of another epoch than announced is a hole', () => {
    const store = stateStore();
    const feed = new TopicFeed(store, undefined);
    feed.apply(subscribed('state', 'e', 5, false));
    expect(feed.apply(snapshot('f', 5))).toBe('hole');
    expect(store.cursor).toBeUndefined();
  });

  test('a patch instead of the announced snapshot is a hole, even if it fits', () => {
    const store = stateStore('e', 5);
    const feed = new TopicFeed(store, at('e', 5));
    feed.apply(subscribed('state', 'e', 5, false));
    expect(feed.apply(patch(5, 6))).toBe('hole');
    expect(store.cursor).toEqual(at('e', 5));
  });

  test('a snapshot or patch is a hole after the value was withdrawn', () => {
    const store = stateStore('e', 5);
    const [snapshots, patches] = [new TopicFeed(store, at('e', 5)), new TopicFeed(store, at('e', 5))];
    snapshots.apply(subscribed('state', 'e', 9, false));
    patches.apply(subscribed('state', 'e', 9, true));
    store.reset();
    expect(snapshots.apply(snapshot('e', 9))).toBe('hole');
    expect(patches.apply(patch(5, 6))).toBe('hole');
    expect(store.cursor).toBeUndefined();
  });

  test('recovered in another epoch is broken', () => {
    expect(new TopicFeed(stateStore('e', 1), at('e', 1)).apply(subscribed('state', 'f', 1, true))).toBe('broken');
    expect(new TopicFeed(stateStore(), undefined).apply(subscribed('state', 'f', 1, true))).toBe('broken');
  });

  test('only the first snapshot starts the store', () => {
    const store = stateStore();
    const feed = new TopicFeed(store, undefined);
    feed.apply(subscribed('state', 'e', 5, false));
    feed.apply(snapshot('e', 5));
    expect(feed.apply(snapshot('e', 4))).toBe('applied');
    expect(store.cursor).toEqual(at('e', 5));
  });

  test('only the first snapshot starts the store, even at the same position', () => {
    const store = stateStore('e', 9);
    const feed = new TopicFeed(store, at('e', 9));
    feed.apply(subscribed('state', 'e', 9, false));
    feed.apply(snapshot('e', 9));
    expect(feed.apply(snapshot('e', 4))).toBe('applied');
    expect(store.cursor).toEqual(at('e', 9));
  });

  test('a second announcement replaces the pending start', () => {
    const store = stateStore('e', 5);
    const feed = new TopicFeed(store, at('e', 5));
    feed.apply(subscribed('state', 'f', 9, false));
    feed.apply(subscribed('state', 'e', 5, false));
    expect(feed.apply(snapshot('e', 4))).toBe('applied');
    expect(store.cursor).toEqual(at('e', 5));
  });

  test('an announced epoch replaces the value', () => {
    const store = stateStore('e', 5);
    const feed = new TopicFeed(store, at('e', 5));
    feed.apply(subscribed('state', 'e', 5, true));
    feed.apply(subscribed('state', 'f', 1, false));
    expect(feed.apply(snapshot('f', 1))).toBe('applied');
    expect(store.cursor).toEqual(at('f', 1));
  });

  test('an announced epoch counts although the snapshot of the previous one was left out', () => {
    const store = stateStore('d', 5);
    const feed = new TopicFeed(store, at('d', 5));
    feed.apply(subscribed('state', 'e', 5, false));
    expect(feed.apply(subscribed('state', 'f', 1, false))).toBe('applied');
    expect(feed.apply(snapshot('f', 1))).toBe('applied');
    expect(store.cursor).toEqual(at('f', 1));
  });

  describe('when another transport was faster', () => {
    test('old frames are dropped; a higher snapshot and a patch from the own position are applied', () => {
      const store = stateStore('e', 5);
      const feed = new TopicFeed(store, at('e', 2));
      expect(feed.apply(subscribed('state', 'e', 4, true))).toBe('applied');
      expect(feed.apply(patch(2, 4))).toBe('applied');
      expect(store.cursor).toEqual(at('e', 5));
      expect(feed.apply(patch(5, 6))).toBe('applied');
      expect(feed.apply(snapshot('e', 8))).toBe('applied');
      expect(store.cursor).toEqual(at('e', 8));
    });

    test('frames up to the own position are dropped', () => {
      const store = stateStore('e', 5);
      const values: unknown[] = [];
      store.state$.subscribe(({ value }) => values.push(value));
      const feed = new TopicFeed(store, at('e', 2));
      feed.apply(subscribed('state', 'e', 6, true));
      expect(feed.apply(patch(4, 5))).toBe('applied');
      expect(feed.apply({ type: 'snapshot', topic, epoch: 'e', offset: 5, data: 'another' })).toBe('applied');
      expect(values).toEqual([5]);
    });

    test('and found a new epoch, later frames of the old one are a hole', () => {
      const store = stateStore('e', 5);
      const feed = new TopicFeed(store, at('e', 5));
      feed.apply(subscribed('state', 'e', 6, true));
      store.replace(9, at('f', 9), LIVE);
      expect(feed.apply(patch(5, 6))).toBe('hole');
      expect(feed.apply(snapshot('e', 6))).toBe('hole');
      expect(store.cursor).toEqual(at('f', 9));
    });

    test('and found a third epoch, an announced epoch is a hole', () => {
      const store = stateStore('e', 5);
      const feed = new TopicFeed(store, at('e', 5));
      feed.apply(subscribed('state', 'e', 5, true));
      store.replace(1, at('g', 1), LIVE);
      expect(feed.apply(subscribed('state', 'f', 0, false))).toBe('hole');
      expect(store.cursor).toEqual(at('g', 1));
    });

    test('and found the announced epoch, its snapshot is dropped', () => {
      const store = stateStore('e', 5);
      const feed = new TopicFeed(store, at('e', 5));
      feed.apply(subscribed('state', 'e', 5, true));
      store.replace(3, at('f', 3), LIVE);
      expect(feed.apply(subscribed('state', 'f', 2, false))).toBe('applied');
      expect(feed.apply(snapshot('f', 2))).toBe('applied');
      expect(store.cursor).toEqual(at('f', 3));
    });

    test('a patch from another offset is a hole', () => {
      const feed = new TopicFeed(stateStore('e', 5), at('e', 2));
      feed.apply(subscribed('state', 'e', 9, true));
      expect(feed.apply(patch(4, 9))).toBe('hole');
    });

    test('another epoch is a hole', () => {
      expect(new TopicFeed(stateStore('e', 5), undefined).apply(subscribed('state', 'f', 1, false))).toBe('hole');
    });

    test('a withdrawn value is a hole', () => {
      expect(new TopicFeed(stateStore(), at('e', 2)).apply(subscribed('state', 'e', 4, true))).toBe('hole');
    });

    test('a stale value is live again as soon as the server is not ahead', () => {
      const stale = { state: 'stale', staleSince: 0 } as const;
      const ahead = stateStore('e', 5);
      ahead.setFreshness(stale);
      new TopicFeed(ahead, at('e', 2)).apply(subscribed('state', 'e', 6, true));
      expect(ahead.freshness.state).toBe('stale');
      const same = stateStore('e', 5);
      same.setFreshness(stale);
      new TopicFeed(same, at('e', 2)).apply(subscribed('state', 'e', 5, true));
      expect(same.freshness.state).toBe('live');
    });
  });
});

describe('a feed of an event topic', () => {
  const read = (store: EventStore) => {
    const deliveries: EventDelivery<Json>[] = [];
    store.read(undefined, () => undefined).subscribe((delivery) => deliveries.push(delivery));
    return deliveries;
  };

  test('anything but events is a hole', () => {
    const feed = new TopicFeed(eventStore(), undefined);
    feed.apply(subscribed('events', 'e', 0, false));
    expect(feed.apply(snapshot('e', 1))).toBe('hole');
  });

  test('without since it starts above the newest offset and is live', () => {
    const store = eventStore();
    const feed = new TopicFeed(store, undefined);
    expect(feed.apply(subscribed('events', 'e', 7, false))).toBe('applied');
    expect(store.cursor).toEqual(at('e', 7));
    expect(store.freshness.state).toBe('live');
    expect(feed.apply(event(9))).toBe('hole');
    expect(feed.apply(event(8))).toBe('applied');
  });

  test('recovered at the own position is live at once', () => {
    const store = eventStore('e', 3);
    store.setFreshness({ state: 'stale', staleSince: 0 });
    new TopicFeed(store, at('e', 3)).apply(subscribed('events', 'e', 3, true));
    expect(store.freshness.state).toBe('live');
  });

  test('"oldest" of a topic without events is live at once', () => {
    for (const [offset, state] of [
      [0, 'live'],
      [1, 'catching-up'],
    ] as const) {
      const store = eventStore();
      store.read('oldest', () => undefined).subscribe();
      new TopicFeed(store, 'oldest').apply(subscribed('events', 'e', offset, true));
      expect(store.freshness.state).toBe(state);
    }
  });

  test('an event is a hole after another reader requested older events, or after the position was lost', () => {
    const [rewound, lost] = [eventStore('e', 3), eventStore('e', 3)];
    const feeds = [rewound, lost].map((store) => new TopicFeed(store, at('e', 3)));
    for (const feed of feeds) feed.apply(subscribed('events', 'e', 5, true));
    rewound.read('oldest', () => undefined).subscribe();
    lost.reset();
    expect(feeds.map((feed) => feed.apply(event(4)))).toEqual(['hole', 'hole']);
  });

  test('recovered is catching up until the end of the replay', () => {
    const store = eventStore('e', 3);
    const feed = new TopicFeed(store, at('e', 3));
    feed.apply(subscribed('events', 'e', 5, true));
    expect(store.freshness.state).toBe('catching-up');
    feed.apply(event(4));
    feed.apply(event(5));
    expect(store.freshness.state).toBe('live');
  });

  test('not recovered reports the loss and continues above it', () => {
    const store = eventStore('e', 3);
    const deliveries = read(store);
    const feed = new TopicFeed(store, at('e', 3));
    expect(feed.apply(subscribed('events', 'e', 9, false))).toBe('applied');
    expect(deliveries).toEqual([{ type: 'lost', position: at('e', 9) }]);
    expect(feed.apply(event(10))).toBe('applied');
  });

  test('a loss for one reader causes a request from the position of the others', () => {
    const store = eventStore('e', 8);
    const others = read(store);
    const late: EventDelivery<Json>[] = [];
    store.read(at('e', 2), () => undefined).subscribe((delivery) => late.push(delivery));
    const feed = new TopicFeed(store, at('e', 2));
    expect(feed.apply(subscribed('events', 'e', 9, false))).toBe('hole');
    expect(store.cursor).toEqual(at('e', 8));
    expect(late).toEqual([{ type: 'lost', position: at('e', 8) }]);
    expect(others).toEqual([]);
  });

  test('"oldest" with recovered begins at offset 1 and catches up', () => {
    const store = eventStore();
    const deliveries: unknown[] = [];
    store.read('oldest', () => undefined).subscribe((delivery) => deliveries.push(delivery.position.offset));
    const feed = new TopicFeed(store, 'oldest');
    feed.apply(subscribed('events', 'e', 2, true));
    expect(store.freshness.state).toBe('catching-up');
    expect(store.cursor).toEqual(at('e', 0));
    feed.apply(event(1));
    feed.apply(event(2));
    expect(store.freshness.state).toBe('live');
    expect(deliveries).toEqual([1, 2]);
  });

  test('a reader without since gets no events of another reader’s replay', () => {
    const store = eventStore();
    const deliveries = read(store);
    store.read('oldest', () => undefined).subscribe();
    const feed = new TopicFeed(store, 'oldest');
    feed.apply(subscribed('events', 'e', 2, true));
    for (const offset of [1, 2, 3]) feed.apply(event(offset));
    expect(deliveries.map(({ position }) => position.offset)).toEqual([3]);
  });

  test('the kept history may begin at any offset up to the newest', () => {
    const store = eventStore();
    store.read('oldest', () => undefined).subscribe();
    const feed = new TopicFeed(store, 'oldest');
    feed.apply(subscribed('events', 'e', 5, false));
    expect(feed.apply(event(7))).toBe('hole');
    const again = new TopicFeed(store, 'oldest');
    again.apply(subscribed('events', 'e', 5, false));
    expect(again.apply(event(6))).toBe('applied');
    expect(store.cursor).toEqual(at('e', 6));
  });

  describe('when another transport was faster', () => {
    test('a start above the own position is a hole, and one at or below it continues', () => {
      const store = eventStore('e', 5);
      expect(new TopicFeed(store, undefined).apply(subscribed('events', 'e', 6, false))).toBe('hole');
      const feed = new TopicFeed(store, undefined);
      expect(feed.apply(subscribed('events', 'e', 5, false))).toBe('applied');
      expect(feed.apply(event(5))).toBe('applied');
      expect(feed.apply(event(6))).toBe('applied');
      expect(store.cursor).toEqual(at('e', 6));
    });

    test('a replay that reaches the own position continues from it', () => {
      const store = eventStore('e', 5);
      const feed = new TopicFeed(store, at('e', 3));
      expect(feed.apply(subscribed('events', 'e', 7, true))).toBe('applied');
      expect(feed.apply(event(4))).toBe('applied');
      expect(store.cursor).toEqual(at('e', 5));
      for (const offset of [5, 6, 7]) expect(feed.apply(event(offset))).toBe('applied');
      expect(store.cursor).toEqual(at('e', 7));
    });

    test('and found a new epoch, later frames of the old one are a hole', () => {
      const store = eventStore('e', 3);
      const feed = new TopicFeed(store, at('e', 3));
      feed.apply(subscribed('events', 'e', 5, true));
      store.start(at('f', 9), LIVE);
      expect(feed.apply(event(4))).toBe('hole');
      expect(store.cursor).toEqual(at('f', 9));
    });

    test('and found a third epoch, an announced epoch is a hole', () => {
      const store = eventStore('e', 3);
      const feed = new TopicFeed(store, at('e', 3));
      feed.apply(subscribed('events', 'e', 3, true));
      store.start(at('g', 1), LIVE);
      expect(feed.apply(subscribed('events', 'f', 0, false))).toBe('hole');
      expect(store.cursor).toEqual(at('g', 1));
    });

    test('a reader that requests the oldest event again gets a request of its own', () => {
      const store = eventStore('e', 5);
      store.read('oldest', () => undefined).subscribe();
      expect(new TopicFeed(store, at('e', 5)).apply(subscribed('events', 'e', 5, true))).toBe('hole');
    });
  });
});
