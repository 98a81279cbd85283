import { describe, expect, test } from '@jest/globals';

import { draft } from '../../test/support/publications.js';
import { pausing } from '../../test/support/pausing-broker.js';
import { EVENTS, parse, setUp, STATE, type TestReader } from '../../test/support/topics-set-up.js';
import { TopicReader } from '../../test/support/topic-reader.js';
import type { MemoryBroker } from '../broker/memory/memory-broker.js';
import type { ResolvedTopic } from './topic-loader.js';

type Interference = (broker: MemoryBroker, topic: ResolvedTopic) => Promise<unknown>;

let published = 0;

function publish(broker: MemoryBroker, { kind, name }: ResolvedTopic): Promise<unknown> {
  published += 1;
  return broker.publish(name, draft(kind, `interference ${published}`));
}

const INTERFERENCES: readonly (readonly [string, Interference])[] = [
  ['one publication', publish],
  [
    'three publications',
    async (broker, topic) => {
      for (let index = 0; index < 3; index++) await publish(broker, topic);
    },
  ],
  [
    'a new epoch',
    async (broker, { kind, name }) => {
      const { epoch } = await broker.read(name, kind);
      await broker.replaceEpoch(name, kind, epoch);
    },
  ],
  [
    'a new epoch and a publication',
    async (broker, topic) => {
      const { epoch } = await broker.read(topic.name, topic.kind);
      await broker.replaceEpoch(topic.name, topic.kind, epoch);
      await publish(broker, topic);
    },
  ],
  [
    'the end of the topic and a publication',
    async (broker, topic) => {
      await broker.close(topic.name);
      await publish(broker, topic);
    },
  ],
];

/** The ways to subscribe. Each way awaits the broker more than once. */
const SCENARIOS = [
  { name: 'a state topic that a handler loads', topic: STATE, before: 0, load: true, behind: undefined },
  { name: 'a state topic from nothing', topic: STATE, before: 3, load: false, behind: undefined },
  { name: 'a state topic from a position', topic: STATE, before: 3, load: false, behind: 2 },
  { name: 'an event topic from nothing', topic: EVENTS, before: 3, load: false, behind: undefined },
  { name: 'an event topic from a position', topic: EVENTS, before: 5, load: false, behind: 3 },
] as const;

async function prepare(
  { topic, before, load, behind }: (typeof SCENARIOS)[number],
  at: (point: string) => Promise<void>,
) {
  const value = { type: 'value', value: Promise.resolve('loaded') } as const;
  const node = setUp({ wrap: pausing(at), ...(load ? { load: () => value } : {}) });
  for (let n = 1; n <= before; n++) {
    await node.broker.publish(topic.name, draft(topic.kind, `before ${n}`));
  }
  const position = await node.broker.read(topic.name, topic.kind);
  const since = behind === undefined ? undefined : { epoch: position.epoch, offset: position.offset - behind };
  return { ...node, since };
}

/** Checks the position and the value of the reader against the broker. A recovered event reader has every event. */
async function expectTruth(reader: TopicReader, broker: MemoryBroker, topic: ResolvedTopic): Promise<void> {
  const { base, epoch, offset, publications } = await broker.read(topic.name, topic.kind, { above: -1 });
  expect({ epoch: reader.epoch, offset: reader.offset }).toEqual({ epoch, offset });
  if (topic.kind === 'state') {
    expect(JSON.stringify(reader.value)).toBe(base?.data);
  } else {
    const own = reader.events.filter((event) => event.epoch === epoch);
    const first = own[0]?.offset ?? offset + 1;
    expect(own.map((event) => JSON.stringify(event.data))).toEqual(
      publications.filter((publication) => publication.offset >= first).map((publication) => publication.data),
    );
  }
}

describe('R6: no hole and no repeat', () => {
  describe.each(SCENARIOS)('subscribing $name', (scenario) => {
    test.each(INTERFERENCES)('with %s at each await', async (_, interfere) => {
      const { topic } = scenario;
      for (let at = 0, reached = true; reached; at++) {
        reached = false;
        let point = 0;
        let armed = false;
        const { broker, environment, reader, since, topics } = await prepare(scenario, async () => {
          if (!armed || point++ !== at) return;
          reached = true;
          await interfere(broker, topic);
        });
        const alice: TestReader = reader();
        Object.assign(alice, since);
        armed = true;
        await alice.subscribe(topic, since);
        await environment.settle();
        armed = false;
        await topics.publish(topic, 'afterwards');
        await environment.settle();
        alice.update();
        await expectTruth(alice, broker, topic);
        if (scenario.behind !== undefined && interfere === publish && topic.kind === 'events') {
          expect(alice.events[0]!.offset).toBe(since!.offset + 1);
        }
        if (!reached) expect(at).toBeGreaterThan(3);
      }
    });
  });

  describe.each(SCENARIOS)('polling $name', (scenario) => {
    test.each(INTERFERENCES)('with %s at each await', async (_, interfere) => {
      const { topic } = scenario;
      for (let at = 0, reached = true; reached; at++) {
        reached = false;
        let point = 0;
        let armed = false;
        const { broker, environment, since, topics } = await prepare(scenario, async () => {
          if (!armed || point++ !== at) return;
          reached = true;
          await interfere(broker, topic);
        });
        const alice = new TopicReader();
        Object.assign(alice, since);
        armed = true;
        for (const frame of parse((await topics.catchUp(topic, since)).frames)) alice.receive(frame);
        armed = false;
        await topics.publish(topic, 'afterwards');
        await environment.settle();
        for (const frame of parse((await topics.catchUp(topic, alice.since)).frames)) alice.receive(frame);
        await expectTruth(alice, broker, topic);
      }
    });
  });

  test('with publications while a full sink waits', async () => {
    const { environment, reader, topics } = setUp({ outbox: { softMark: 500 } });
    const position = await topics.publish(EVENTS, 1);
    const alice = reader();
    Object.assign(alice, position);
    alice.socket.stuck = true;
    alice.outbox.send({ type: 'error', code: 'internal', message: 'x'.repeat(600), temporary: true });
    const subscribing = alice.subscribe(EVENTS, position);
    await environment.settle();
    for (const n of [2, 3]) await topics.publish(EVENTS, n);
    await environment.settle();
    expect(alice.socket.frames).toHaveLength(1);
    alice.socket.read(Infinity);
    await subscribing;
    await topics.publish(EVENTS, 4);
    await environment.settle();
    expect(alice.update().events.map(({ data }) => data)).toEqual([2, 3, 4]);
  });
});
