import { expect, test } from '@jest/globals';

import { cutOffBroker } from '../../test/support/cut-off-broker.js';
import { draft } from '../../test/support/publications.js';
import { setUp } from '../../test/support/topics-set-up.js';
import type { Broker } from '../core/broker.js';
import type { ResolvedTopic } from './topic-loader.js';

const TOPICS = 200;
const MOVED = 100;
const LATENCY_MS = 10;

test('T7: after an outage a node reads only the topics that moved, at most 32 at once', async () => {
  const reads = { now: 0, most: 0, topics: [] as string[] };
  let link!: ReturnType<typeof cutOffBroker>;
  const { broker, environment, reader } = setUp({
    wrap: (target) => (link = cutOffBroker(counting(target))).broker,
  });
  function counting(target: Broker): Broker {
    const read: Broker['read'] = async (topic, kind, options) => {
      if (options?.above !== undefined) {
        reads.topics.push(topic);
        reads.now += 1;
        reads.most = Math.max(reads.most, reads.now);
        await new Promise<void>((resolve) => environment.setTimer(resolve, LATENCY_MS));
        reads.now -= 1;
      }
      return target.read(topic, kind, options);
    };
    return new Proxy(target, {
      get: (_, name) => {
        if (name === 'read') return read;
        const member: unknown = Reflect.get(target, name, target);
        return typeof member === 'function' ? member.bind(target) : member;
      },
    });
  }
  const topics = Array.from({ length: TOPICS }, (_, index): ResolvedTopic => ({
    name: `boards/${index}`,
    kind: 'state',
  }));
  for (const { name, kind } of topics) await broker.publish(name, draft(kind, 'before'));
  const readers = await Promise.all(topics.map((topic) => reader().subscribe(topic)));

  link.cutOff();
  const moved = topics.slice(0, MOVED);
  for (const { name, kind } of moved) await broker.publish(name, draft(kind, 'after'));
  await link.bringBack();
  await environment.advance(LATENCY_MS * Math.ceil(MOVED / 32));

  expect(reads.topics.toSorted()).toEqual(moved.map(({ name }) => name).toSorted());
  expect(reads.most).toBe(32);
  expect(readers.map((one) => one.update().offset)).toEqual(topics.map((_, index) => (index < MOVED ? 2 : 1)));
  expect(readers.every((one) => one.frames.at(-1)?.type === 'fresh')).toBe(true);
});
