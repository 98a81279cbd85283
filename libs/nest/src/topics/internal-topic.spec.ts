import { describe, expect, test } from '@jest/globals';
import type { Json, TopicKind } from '@statewire/protocol';
import { VirtualEnvironment } from '@statewire/testing';

import { cutOffBroker } from '../../test/support/cut-off-broker.js';
import { MemoryBroker } from '../broker/memory/memory-broker.js';
import type { Broker } from '../core/broker.js';
import { InternalTopic } from './internal-topic.js';

const NAME = 'statewire:test';

function create(kind: TopicKind) {
  const environment = new VirtualEnvironment();
  const log = { warn: () => undefined, error: () => undefined };
  const memory = new MemoryBroker({ environment, log, history: { count: 3, bytes: 0, ageMs: 0 } });
  const node = (broker: Broker) => {
    const seen: Json[] = [];
    const topic = new InternalTopic({
      ...{ name: NAME, kind, broker, environment, log },
      onValue: (value) => seen.push(value),
      onGap: () => seen.push('gap'),
    });
    return { seen, topic };
  };
  const link = cutOffBroker(memory);
  return { environment, memory, link, here: node(memory), there: node(link.broker), node };
}

describe('an internal state topic', () => {
  test('gives a node that starts the current value before it is open', async () => {
    const { here, there } = create('state');
    await here.topic.publish(false);
    expect(here.seen).toEqual([false]);
    await there.topic.open();
    expect(there.seen).toEqual([false]);
  });

  test('gives a node that was cut off the newest value when it is back', async () => {
    const { environment, here, link, there } = create('state');
    await there.topic.open();
    link.cutOff();
    await here.topic.publish(false);
    await here.topic.publish(true);
    await here.topic.publish(false);
    expect(there.seen).toEqual([]);
    await link.bringBack();
    await environment.settle();
    expect(there.seen.at(-1)).toBe(false);
  });

  test('gives a broker that lost the value the value of one node, and later nodes get it', async () => {
    const { environment, here, memory, node, there } = create('state');
    await there.topic.open();
    await here.topic.publish(false);
    const { epoch } = await memory.read(NAME, 'state');
    await memory.replaceEpoch(NAME, 'state', epoch);
    await environment.settle();
    const later = node(memory);
    await later.topic.open();
    expect(later.seen).toEqual([false]);
    expect((await memory.read(NAME, 'state')).offset).toBe(1);
  });
});

describe('an internal event topic', () => {
  test('gives every node each event once, and resolves after this node has handled it', async () => {
    const { environment, here, there } = create('events');
    await Promise.all([here.topic.open(), there.topic.open()]);
    await here.topic.publish('a');
    expect(here.seen).toEqual(['a']);
    await there.topic.publish('b');
    await environment.settle();
    expect([here.seen, there.seen]).toEqual([
      ['a', 'b'],
      ['a', 'b'],
    ]);
  });

  test('replays the events that a node missed while it was cut off', async () => {
    const { environment, here, link, there } = create('events');
    await there.topic.open();
    await here.topic.publish('a');
    link.cutOff();
    for (const event of ['b', 'c', 'd']) await here.topic.publish(event);
    await link.bringBack();
    await environment.settle();
    expect(there.seen).toEqual(['a', 'b', 'c', 'd']);
  });

  test('reports a gap when the history no longer has the missed events', async () => {
    const { environment, here, link, there } = create('events');
    await there.topic.open();
    link.cutOff();
    for (const event of ['a', 'b', 'c', 'd']) await here.topic.publish(event);
    await link.bringBack();
    await environment.settle();
    expect(there.seen).toEqual(['gap']);
    await here.topic.publish('e');
    expect(there.seen).toEqual(['gap', 'e']);
  });

  test('rejects a publication that the broker does not confirm within 5 s', async () => {
    const { environment, memory, node } = create('state');
    const { topic } = node(
      Object.assign(Object.create(memory) as Broker, { publish: () => new Promise<never>(() => {}) }),
    );
    const answer = topic.publish(false).catch((error: unknown) => error);
    await environment.advance(5_000);
    expect(await answer).toMatchObject({ code: 'unavailable' });
    expect(environment.timers).toBe(0);
  });

  test('rejects a publication while the broker is out of reach, and follows it no longer after close()', async () => {
    const { here, link, memory, there } = create('events');
    await Promise.all([here.topic.open(), there.topic.open()]);
    link.cutOff();
    await expect(there.topic.publish('a')).rejects.toMatchObject({ code: 'unavailable' });
    await link.bringBack();
    await there.topic.close();
    await here.topic.publish('b');
    expect(there.seen).toEqual([]);
    expect(memory.sizes.topics).toBe(1);
  });
});
