import { describe, expect, test } from '@jest/globals';

import { cutOffBroker } from '../../test/support/cut-off-broker.js';
import { lossy } from '../../test/support/lossy-broker.js';
import { draft } from '../../test/support/publications.js';
import { EVENTS, parse, setUp, STATE, type SetUpOptions, type TestReader } from '../../test/support/topics-set-up.js';
import type { Broker } from '../core/broker.js';

const KINDS = [STATE, EVENTS];
/** The size of a frame that fills the soft mark of an outbox. */
const MARKS = { softMark: 1_000, hardMark: 64_000 };

/** A node that a test cuts off from its broker, and a publisher on another node. */
function setUpNode(options: SetUpOptions = {}) {
  let link!: ReturnType<typeof cutOffBroker>;
  const setup = setUp({ ...options, wrap: (broker) => (link = cutOffBroker(broker)).broker });
  const { broker, environment } = setup;
  const publish = async (topic: typeof STATE, value: unknown) => {
    await broker.publish(topic.name, draft(topic.kind, value));
    await environment.settle();
  };
  const bringBack = async () => {
    await link.bringBack();
    await environment.settle();
  };
  return { ...setup, bringBack, cutOff: () => link.cutOff(), publish };
}

function typesOf(reader: TestReader): string[] {
  return reader.update().types();
}

describe.each(KINDS)('R14: a topic of the kind $kind, without the broker', (topic) => {
  test('is stale for its readers, who get what is missing before they learn that it is current', async () => {
    const { bringBack, cutOff, environment, publish, reader } = setUpNode();
    await publish(topic, 'one');
    const alice = await reader().subscribe(topic);
    await environment.advance(500);
    const since = environment.now();
    cutOff();
    await environment.settle();
    expect(alice.update().frames.at(-1)).toEqual({ type: 'stale', since, topics: [topic.name] });
    const before = alice.frames.length;
    await publish(topic, 'two');
    await publish(topic, 'three');
    await environment.advance(10_000);
    expect(alice.update().frames).toHaveLength(before);
    await bringBack();
    expect(alice.update().offset).toBe(3);
    expect(alice.frames.at(-1)).toEqual({ type: 'fresh', topics: [topic.name] });
    expect(typesOf(alice).slice(before)).not.toContain('stale');
    await publish(topic, 'four');
    expect(alice.update().offset).toBe(4);
  });

  test('is current at once if nothing was missed', async () => {
    const { bringBack, cutOff, environment, publish, reader } = setUpNode();
    await publish(topic, 'one');
    const alice = await reader().subscribe(topic);
    await environment.settle();
    alice.update().frames.length = 0;
    cutOff();
    await bringBack();
    expect(typesOf(alice)).toEqual(['stale', 'fresh']);
  });

  test('is stale in the answer to a subscription and to a poll', async () => {
    const { bringBack, cutOff, environment, publish, reader, topics } = setUpNode();
    await publish(topic, 'one');
    await reader().subscribe(topic);
    const staleSince = environment.now();
    cutOff();
    await environment.advance(700);
    const late = await reader().subscribe(topic);
    await environment.settle();
    expect(late.update().frames[0]).toMatchObject({ type: 'subscribed', staleSince });
    expect(typesOf(late)).not.toContain('stale');
    const answer = await topics.catchUp(topic);
    expect(answer.staleSince).toBe(staleSince);
    expect(parse(answer.frames)[0]).toMatchObject({ type: 'subscribed', staleSince });
    await bringBack();
    expect(late.update().frames.at(-1)).toMatchObject({ type: 'fresh' });
    const current = await topics.catchUp(topic);
    expect(current.staleSince).toBeUndefined();
    expect(parse(current.frames)[0]).not.toHaveProperty('staleSince');
  });

  test('wakes a poll when it becomes stale, and when it is current', async () => {
    const { bringBack, cutOff, environment, publish, topics } = setUpNode();
    await publish(topic, 'one');
    const never = new AbortController().signal;
    const wait = async () => {
      const { position, staleSince } = await topics.catchUp(topic);
      let isAwake = false;
      void topics.waitForNews(topic, position, never, staleSince).then((news) => (isAwake = news));
      await environment.advance(5_000);
      return () => isAwake;
    };
    const isAwakeAfter = await wait();
    expect(isAwakeAfter()).toBe(false);
    cutOff();
    await environment.settle();
    expect(isAwakeAfter()).toBe(true);
    const isAwakeAgain = await wait();
    expect(isAwakeAgain()).toBe(false);
    await bringBack();
    expect(isAwakeAgain()).toBe(true);
    let news: unknown;
    const { position } = await topics.catchUp(topic);
    cutOff();
    void topics.waitForNews(topic, position, never).then((result) => (news = result));
    await environment.settle();
    expect(news).toBe(true);
  });

  test('is stale in a new epoch until that is complete', async () => {
    const { bringBack, broker, cutOff, environment, publish, reader } = setUpNode();
    await publish(topic, 'one');
    const alice = await reader().subscribe(topic);
    await environment.settle();
    alice.update().frames.length = 0;
    cutOff();
    const { epoch } = await broker.read(topic.name, topic.kind);
    await broker.replaceEpoch(topic.name, topic.kind, epoch);
    await publish(topic, 'two');
    await bringBack();
    const types = typesOf(alice);
    expect([types[0], types.at(-1)]).toEqual(['stale', 'fresh']);
    expect(alice.frames[1]).toMatchObject({ type: 'subscribed', staleSince: expect.any(Number) });
    expect(alice.offset).toBe(1);
  });

  test('tells a slow reader that it is current only after everything else, and repeats nothing', async () => {
    const { bringBack, cutOff, environment, publish, reader } = setUpNode({ outbox: MARKS });
    await publish(topic, 'one');
    const slow = await reader().subscribe(topic);
    await environment.settle();
    slow.update().frames.length = 0;
    slow.socket.stuck = true;
    await publish(topic, 'x'.repeat(2_000));
    await publish(topic, 'three');
    for (let outage = 0; outage < 3; outage++) {
      cutOff();
      await bringBack();
    }
    cutOff();
    await publish(topic, 'four');
    await bringBack();
    for (let round = 0; round < 10; round++) {
      slow.socket.read(Infinity);
      await environment.settle();
    }
    const types = typesOf(slow);
    expect(types.filter((type) => type === 'stale' || type === 'fresh')).toEqual(['stale', 'fresh']);
    expect(types.at(-1)).toBe('fresh');
    expect(slow.offset).toBe(4);
  });

  test('does not tell a reader that it is current whose last publications it has not sent before another outage', async () => {
    const { bringBack, cutOff, environment, publish, reader } = setUpNode({ outbox: MARKS });
    await publish(topic, 'one');
    const slow = await reader().subscribe(topic);
    await environment.settle();
    slow.socket.stuck = true;
    await publish(topic, 'x'.repeat(2_000));
    await publish(topic, 'three');
    cutOff();
    await bringBack();
    cutOff();
    for (let round = 0; round < 10; round++) {
      slow.socket.read(Infinity);
      await environment.settle();
    }
    expect(typesOf(slow)).not.toContain('fresh');
    await bringBack();
    slow.socket.read(Infinity);
    await environment.settle();
    expect(typesOf(slow).at(-1)).toBe('fresh');
  });

  test('has no answer for a client that is ahead of the node, so that nothing goes back', async () => {
    const { bringBack, cutOff, publish, reader, topics } = setUpNode();
    await publish(topic, 'one');
    const { position } = await topics.catchUp(topic);
    cutOff();
    const ahead = { ...position, offset: position.offset + 1 };
    for (const since of [ahead, { epoch: 'another', offset: 1 }]) {
      await expect(topics.catchUp(topic, since)).rejects.toMatchObject({ code: 'unavailable' });
      await expect(reader().subscribe(topic, since)).rejects.toMatchObject({ code: 'unavailable' });
    }
    await publish(topic, 'two');
    await bringBack();
    expect(parse((await topics.catchUp(topic, ahead)).frames)).toMatchObject([{ type: 'subscribed', recovered: true }]);
  });

  test('is stale while reads of the broker fail although nothing says that it is away', async () => {
    const faults = lossy();
    const { environment, reader, topics } = setUp({ wrap: (broker: Broker) => faults.wrap(broker) });
    await topics.publish(topic, 'one');
    const alice = await reader().subscribe(topic);
    await environment.settle();
    alice.update().frames.length = 0;
    faults.lose = 1;
    faults.failReads = 3;
    for (const value of ['two', 'three']) await topics.publish(topic, value);
    await environment.settle();
    expect(typesOf(alice)).toEqual(['stale']);
    await environment.advance(3_500);
    expect(alice.update().offset).toBe(3);
    expect(typesOf(alice).at(-1)).toBe('fresh');
    expect(typesOf(alice).filter((type) => type === 'stale')).toHaveLength(1);
  });
});

test('R14: an event topic counts no events as lost that the broker still has', async () => {
  const { bringBack, cutOff, environment, publish, topics } = setUpNode();
  for (const value of ['one', 'two', 'three']) await publish(EVENTS, value);
  const { position } = await topics.catchUp(EVENTS);
  cutOff();
  for (const since of ['oldest', { ...position, offset: 1 }] as const) {
    await expect(topics.catchUp(EVENTS, since)).rejects.toMatchObject({ code: 'unavailable' });
  }
  expect(parse((await topics.catchUp(EVENTS, position)).frames)).toMatchObject([{ recovered: true }]);
  await bringBack();
  await environment.settle();
  expect(parse((await topics.catchUp(EVENTS, 'oldest')).frames)).toHaveLength(4);
});
