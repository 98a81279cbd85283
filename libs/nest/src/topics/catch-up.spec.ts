import { describe, expect, test } from '@jest/globals';

import { EVENTS, parse, setUp, STATE } from '../../test/support/topics-set-up.js';

/** Large enough that a patch is shorter than the value when `n` changes. */
function value(n: number) {
  return { n, name: 'a name that does not change', list: [1, 2, 3, 4, 5, 6, 7, 8, 9] };
}

describe('catching up with a state topic', () => {
  test('a first subscriber gets subscribed and one snapshot at that offset', async () => {
    const { environment, reader, topics } = setUp();
    await topics.publish(STATE, value(1));
    const { epoch } = await topics.publish(STATE, value(2));
    const alice = await reader().subscribe(STATE, undefined, 'r1');
    environment.tick();
    const [subscribed, snapshot] = alice.update().frames;
    expect(subscribed).toEqual({
      ...{ type: 'subscribed', topic: STATE.name, kind: 'state' },
      ...{ epoch, offset: 2, recovered: false, ref: 'r1' },
    });
    expect(snapshot).toEqual({
      ...{ type: 'snapshot', topic: STATE.name, epoch, offset: 2, data: value(2), time: environment.now() },
    });
    expect(alice.frames).toHaveLength(2);
  });

  test('a topic without publications has no snapshot, and the first publication is one', async () => {
    const { environment, reader, topics } = setUp();
    const alice = await reader().subscribe(STATE);
    environment.tick();
    expect(alice.update().frames).toMatchObject([{ type: 'subscribed', offset: 0, recovered: false }]);
    await topics.publish(STATE, value(1));
    environment.tick();
    expect(alice.update().types()).toEqual(['subscribed', 'snapshot']);
    expect(alice.value).toEqual(value(1));
  });

  test('live publications are patches, or snapshots if a patch is not smaller', async () => {
    const { environment, reader, topics } = setUp();
    const alice = await reader().subscribe(STATE);
    for (const published of [value(1), value(2), 'short', 'other', value(3)]) await topics.publish(STATE, published);
    environment.tick();
    expect(alice.update().types()).toEqual(['subscribed', 'snapshot', 'patch', 'snapshot', 'snapshot', 'snapshot']);
    expect(alice.value).toEqual(value(3));
    expect(alice.socket.writes).toHaveLength(1);
  });

  test('sends nothing after subscribed if since is the newest position', async () => {
    const { reader, environment, topics } = setUp();
    const position = await topics.publish(STATE, value(1));
    const alice = await reader().subscribe(STATE, position);
    environment.tick();
    expect(alice.socket.frames).toMatchObject([{ type: 'subscribed', recovered: true, offset: 1 }]);
  });

  test('sends missed publications as patches if they are smaller than the value', async () => {
    const { environment, reader, topics } = setUp();
    const alice = await reader().subscribe(STATE);
    await topics.publish(STATE, value(1));
    const since = await topics.publish(STATE, value(2));
    environment.tick();
    alice.update().subscription!.close();
    await topics.publish(STATE, value(3));
    const again = reader();
    Object.assign(again, { epoch: since.epoch, offset: since.offset, value: alice.value });
    await again.subscribe(STATE, since);
    environment.tick();
    expect(again.update().frames).toMatchObject([
      { type: 'subscribed', recovered: true, offset: 3 },
      { type: 'patch', from: 2, offset: 3 },
    ]);
    expect(again.value).toEqual(value(3));
  });

  test('sends missed publications as one snapshot if it is smaller, and sets recovered', async () => {
    const { reader, environment, topics } = setUp();
    await reader().subscribe(STATE);
    const since = await topics.publish(STATE, value(0));
    for (let n = 1; n <= 30; n++) await topics.publish(STATE, value(n));
    const alice = await reader().subscribe(STATE, since);
    environment.tick();
    expect(alice.socket.frames).toMatchObject([
      { type: 'subscribed', recovered: true, offset: 31 },
      { type: 'snapshot', offset: 31, data: value(30) },
    ]);
  });

  test('reads patches from the broker if this node has not seen the publications', async () => {
    const first = setUp();
    const alice = await first.reader().subscribe(STATE);
    await first.topics.publish(STATE, value(1));
    const since = await first.topics.publish(STATE, value(2));
    await first.topics.publish(STATE, value(3));
    alice.subscription!.close();
    const second = setUp({}, first.node);
    const answer = parse((await second.topics.catchUp(STATE, since)).frames);
    expect(answer).toMatchObject([
      { type: 'subscribed', recovered: true, offset: 3 },
      { type: 'patch', from: 2, offset: 3 },
    ]);
  });

  test('treats "oldest" like a missing since: a snapshot of the newest value', async () => {
    const { topics } = setUp();
    await topics.publish(STATE, { tick: 1 });
    await topics.publish(STATE, { tick: 2 });
    const asked = parse((await topics.catchUp(STATE, 'oldest')).frames);
    expect(asked).toMatchObject([
      { type: 'subscribed', offset: 2, recovered: false },
      { type: 'snapshot', offset: 2, data: { tick: 2 } },
    ]);
    expect(asked).toEqual(parse((await topics.catchUp(STATE)).frames));
  });

  test('a subscription since "oldest" begins with the newest value and continues', async () => {
    const { environment, reader, topics } = setUp();
    await topics.publish(STATE, { tick: 1 });
    const alice = await reader().subscribe(STATE, 'oldest');
    await topics.publish(STATE, { tick: 2 });
    environment.tick();
    expect(alice.update().frames).toMatchObject([
      { type: 'subscribed', offset: 1, recovered: false },
      { type: 'snapshot', offset: 1 },
      { type: 'snapshot', offset: 2 },
    ]);
  });
});

describe('catching up with an event topic', () => {
  test('a first subscriber gets no past events and all later ones', async () => {
    const { environment, reader, topics } = setUp();
    await topics.publish(EVENTS, 'before');
    const alice = await reader().subscribe(EVENTS);
    await topics.publish(EVENTS, 'after');
    environment.tick();
    expect(alice.update().frames).toMatchObject([
      { type: 'subscribed', kind: 'events', offset: 1, recovered: false },
      { type: 'event', offset: 2, data: 'after' },
    ]);
  });

  test('replays each missed event since a position, then sends live events', async () => {
    const { environment, reader, topics } = setUp();
    const since = await topics.publish(EVENTS, 1);
    for (const n of [2, 3]) await topics.publish(EVENTS, n);
    const alice = await reader().subscribe(EVENTS, since);
    await topics.publish(EVENTS, 4);
    environment.tick();
    expect(alice.socket.frames).toMatchObject([
      { type: 'subscribed', recovered: true, offset: 3 },
      { type: 'event', offset: 2, data: 2 },
      { type: 'event', offset: 3, data: 3 },
      { type: 'event', offset: 4, data: 4 },
    ]);
  });

  test('replays the whole history since "oldest", and sets recovered if it begins at 1', async () => {
    const { topics } = setUp({ history: { count: 3 } });
    for (const n of [1, 2, 3]) await topics.publish(EVENTS, n);
    expect(parse((await topics.catchUp(EVENTS, 'oldest')).frames)).toMatchObject([
      { type: 'subscribed', recovered: true, offset: 3 },
      { offset: 1 },
      { offset: 2 },
      { offset: 3 },
    ]);
    await topics.publish(EVENTS, 4);
    expect(parse((await topics.catchUp(EVENTS, 'oldest')).frames)).toMatchObject([
      { type: 'subscribed', recovered: false, offset: 4 },
      { offset: 2 },
      { offset: 3 },
      { offset: 4 },
    ]);
  });

  test('sets recovered since "oldest" of a topic without publications', async () => {
    const { topics } = setUp();
    expect(parse((await topics.catchUp(EVENTS, 'oldest')).frames)).toMatchObject([{ recovered: true, offset: 0 }]);
  });

  test('sends a long replay at once if the reader keeps up', async () => {
    const { environment, reader, topics } = setUp({ history: { count: 1_000 } });
    for (let n = 1; n <= 300; n++) await topics.publish(EVENTS, n);
    const alice = await reader().subscribe(EVENTS, 'oldest');
    environment.tick();
    const events = alice.socket.frames.flatMap((frame) => (frame.type === 'event' ? [frame.data] : []));
    expect(events).toEqual(Array.from({ length: 300 }, (_, n) => n + 1));
    expect(alice.socket.writes).toHaveLength(1);
  });

  test('sends a long replay in steps to a slow reader', async () => {
    const { environment, reader, topics } = setUp({ outbox: { softMark: 2_000 }, history: { count: 1_000 } });
    const since = await topics.publish(EVENTS, 'first');
    for (let n = 0; n < 500; n++) await topics.publish(EVENTS, `event ${n} ${'.'.repeat(50)}`);
    const alice = reader();
    Object.assign(alice, since);
    alice.socket.stuck = true;
    await alice.subscribe(EVENTS, since);
    let most = 0;
    for (let round = 0; round < 100; round++) {
      await environment.settle();
      most = Math.max(most, alice.outbox.bufferedBytes);
      alice.socket.read(3_000);
    }
    expect(most).toBeLessThan(20_000);
    expect(alice.update().events).toHaveLength(500);
    expect(alice.offset).toBe(501);
  });
});

describe('R5: after an outage', () => {
  const KEPT = 10;

  test.each([
    [KEPT - 1, true],
    [KEPT, true],
    [KEPT + 1, false],
  ])('of %i publications with a history of 10, recovered is %s for events', async (missed, recovered) => {
    const { topics } = setUp({ history: { count: KEPT } });
    const since = await topics.publish(EVENTS, 0);
    for (let n = 1; n <= missed; n++) await topics.publish(EVENTS, n);
    const frames = parse((await topics.catchUp(EVENTS, since)).frames);
    expect(frames[0]).toMatchObject({ recovered, offset: missed + 1 });
    expect(frames.slice(1)).toMatchObject(
      recovered ? Array.from({ length: missed }, (_, index) => ({ type: 'event', data: index + 1 })) : [],
    );
  });

  test.each([
    [KEPT - 1, 'patch'],
    [KEPT, 'patch'],
    [KEPT + 1, 'snapshot'],
  ])('of %i publications with a history of 10, a state topic catches up with a %s', async (missed, type) => {
    const big = (n: number) => ({ n, ballast: 'x'.repeat(5_000) });
    const { reader, topics } = setUp({ history: { count: KEPT } });
    await reader().subscribe(STATE);
    const since = await topics.publish(STATE, big(0));
    for (let n = 1; n <= missed; n++) await topics.publish(STATE, big(n));
    const frames = parse((await topics.catchUp(STATE, since)).frames);
    expect(frames[0]).toMatchObject({ recovered: true, offset: missed + 1 });
    expect(new Set(frames.slice(1).map((frame) => frame.type))).toEqual(new Set([type]));
    expect(frames).toHaveLength(type === 'patch' ? missed + 1 : 2);
  });

  test.each([STATE, EVENTS])('with a new epoch, recovered is false for $kind', async (topic) => {
    const { broker, topics } = setUp();
    const since = await topics.publish(topic, value(1));
    await broker.replaceEpoch(topic.name, topic.kind, since.epoch);
    await topics.publish(topic, value(2));
    const frames = parse((await topics.catchUp(topic, since)).frames);
    expect(frames[0]).toMatchObject({ recovered: false, offset: 1 });
    expect(frames.slice(1)).toMatchObject(topic.kind === 'state' ? [{ type: 'snapshot', offset: 1 }] : []);
  });
});

describe('a position above the newest of this node', () => {
  test('makes the node read the broker', async () => {
    const { node, broker, topics } = setUp();
    await topics.catchUp(EVENTS);
    const deaf = setUp(
      {
        wrap: (inner) =>
          Object.assign(Object.create(inner) as typeof inner, { listen: async () => async () => undefined }),
      },
      node,
    );
    const since = await topics.publish(EVENTS, 1);
    await deaf.topics.catchUp(EVENTS);
    await topics.publish(EVENTS, 2);
    const ahead = await topics.publish(EVENTS, 3);
    expect(parse((await deaf.topics.catchUp(EVENTS, ahead)).frames)).toMatchObject([{ recovered: true, offset: 3 }]);
    expect(parse((await deaf.topics.catchUp(EVENTS, since)).frames)).toHaveLength(3);
    expect(broker.sizes.topics).toBe(1);
  });

  test('is not recovered and never replaces the epoch if it is above the broker’s too', async () => {
    const { topics } = setUp();
    const { epoch } = await topics.publish(EVENTS, 1);
    const { frames, position } = await topics.catchUp(EVENTS, { epoch, offset: 100 });
    expect(parse(frames)).toMatchObject([{ recovered: false, epoch, offset: 1 }]);
    expect(position).toEqual({ epoch, offset: 1 });
  });
});

describe('subscribing again', () => {
  test('replaces the subscription, so that nothing comes twice', async () => {
    const { environment, reader, topics } = setUp();
    const alice = await reader().subscribe(EVENTS, undefined, 'first');
    const former = alice.subscription!;
    await alice.subscribe(EVENTS, undefined, 'second');
    await topics.publish(EVENTS, 1);
    environment.tick();
    expect(alice.update().types()).toEqual(['subscribed', 'subscribed', 'event']);
    former.close();
    await topics.publish(EVENTS, 2);
    environment.tick();
    expect(alice.update().events.map(({ data }) => data)).toEqual([1, 2]);
  });

  test('sends no frame of the topic after close', async () => {
    const { environment, reader, topics } = setUp();
    const alice = await reader().subscribe(EVENTS);
    alice.subscription!.close();
    alice.subscription!.close();
    await topics.publish(EVENTS, 1);
    environment.tick();
    expect(alice.update().types()).toEqual(['subscribed']);
  });
});
