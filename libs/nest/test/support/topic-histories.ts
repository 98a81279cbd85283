import { expect } from '@jest/globals';
import type { Json } from '@statewire/protocol';
import fc from 'fast-check';

import type { ResolvedTopic } from '../../src/topics/topic-loader.js';
import { lossy } from './lossy-broker.js';
import { TopicReader } from './topic-reader.js';
import { parse, setUp, type TestReader } from './topics-set-up.js';

const READERS = 3;
const NODES = 2;

type Step =
  | { readonly do: 'publish'; readonly node: number; readonly value: Json }
  | {
      readonly do: 'subscribe' | 'resume' | 'close' | 'freeze' | 'thaw';
      readonly reader: number;
      readonly node: number;
    }
  | { readonly do: 'take'; readonly reader: number; readonly bytes: number }
  | { readonly do: 'poll'; readonly node: number }
  | { readonly do: 'lose'; readonly node: number; readonly messages: number }
  | { readonly do: 'epoch' | 'tick' | 'settle' }
  | { readonly do: 'wait'; readonly duration: number };

const node = fc.nat(NODES - 1);
const reader = fc.nat(READERS - 1);

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('publish' as const),
      node,
      value: fc.oneof(
        fc.nat(9).map((n): Json => ({ n, list: Array.from({ length: 12 }, (_, index) => `${index} of ${n % 3}`) })),
        fc.string({ maxLength: 300 }),
      ),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constantFrom(
        'subscribe' as const,
        'resume' as const,
        'close' as const,
        'freeze' as const,
        'thaw' as const,
      ),
      reader,
      node,
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('take' as const), reader, bytes: fc.nat(900) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('poll' as const), node }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('lose' as const), node, messages: fc.integer({ min: 1, max: 3 }) }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constantFrom('tick' as const, 'settle' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('epoch' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('wait' as const), duration: fc.nat(90_000) }) },
);

/** Two nodes, three connections, one poller, and every published value by position. */
class TopicsWorld {
  readonly truth = new Map<string, Json>();
  private readonly faults = Array.from({ length: NODES }, lossy);
  private readonly nodes = this.faults.reduce<ReturnType<typeof setUp>[]>((nodes, fault) => {
    const options = {
      wrap: (broker: Parameters<typeof fault.wrap>[0]) => fault.wrap(broker),
      outbox: { softMark: 700, hardMark: 0 },
      history: { count: 12 },
    };
    return [...nodes, setUp(options, nodes[0]?.node)];
  }, []);
  private readonly readers: (TestReader | undefined)[] = [];
  private readonly poller = new TopicReader();

  constructor(private readonly topic: ResolvedTopic) {}

  private get environment() {
    return this.nodes[0]!.environment;
  }

  async run(step: Step): Promise<void> {
    const { topic } = this;
    switch (step.do) {
      case 'publish': {
        const { epoch, offset } = await this.nodes[step.node]!.topics.publish(topic, step.value);
        this.truth.set(`${epoch}:${offset}`, step.value);
        return;
      }
      case 'subscribe':
      case 'resume': {
        const former = this.readers[step.reader];
        former?.leave();
        const next = this.nodes[step.node]!.reader();
        const since = step.do === 'resume' ? former?.update().since : undefined;
        if (since !== undefined) Object.assign(next, since, { value: former?.value });
        this.readers[step.reader] = next;
        void next.subscribe(topic, since);
        return;
      }
      case 'close':
        this.readers[step.reader]?.leave();
        return;
      case 'freeze':
      case 'thaw': {
        const socket = this.readers[step.reader]?.socket;
        if (socket === undefined) return;
        socket.stuck = step.do === 'freeze';
        if (!socket.stuck) socket.read(Infinity);
        return;
      }
      case 'take':
        this.readers[step.reader]?.socket.read(step.bytes);
        return;
      case 'poll': {
        const { frames } = await this.nodes[step.node]!.topics.catchUp(topic, this.poller.since);
        for (const frame of parse(frames)) this.poller.receive(frame);
        this.check(this.poller);
        return;
      }
      case 'lose':
        this.faults[step.node]!.lose = step.messages;
        return;
      case 'epoch': {
        const { broker } = this.nodes[0]!;
        const { epoch } = await broker.read(topic.name, topic.kind);
        await broker.replaceEpoch(topic.name, topic.kind, epoch);
        return;
      }
      case 'tick':
        this.environment.tick();
        break;
      case 'settle':
        await this.environment.settle();
        break;
      case 'wait':
        await this.environment.advance(step.duration);
    }
    this.readers.forEach((each) => each && this.check(each.update()));
  }

  /** Checks that each reader has the published value of its position, and consecutive events since its subscription. */
  private check(reader: TopicReader): void {
    const { epoch, offset, value } = reader;
    if (this.topic.kind === 'state') {
      if (offset > 0) expect(value).toEqual(this.truth.get(`${epoch}:${offset}`));
      return;
    }
    for (const event of reader.events) expect(event.data).toEqual(this.truth.get(`${event.epoch}:${event.offset}`));
  }

  /** Checks that all remaining readers have the newest publication at the end. */
  async expectConvergence(): Promise<void> {
    for (const fault of this.faults) fault.lose = 0;
    await this.environment.settle();
    for (const { topics } of this.nodes.slice(0, 1)) {
      const { epoch, offset } = await topics.publish(this.topic, 'last');
      this.truth.set(`${epoch}:${offset}`, 'last');
    }
    for (let round = 0; round < 40; round++) {
      await this.environment.settle();
      for (const each of this.readers) each?.socket.read(Infinity);
    }
    const { broker } = this.nodes[0]!;
    const { epoch, offset } = await broker.read(this.topic.name, this.topic.kind);
    for (const each of this.readers) {
      if (each?.follows !== true) continue;
      this.check(each.update());
      expect(each.since).toEqual({ epoch, offset });
    }
    for (const each of this.readers) each?.leave();
    await this.environment.advance(60_000);
    for (const { topics } of this.nodes) expect(topics.sizes).toEqual({ live: 0, lingering: 0, releasing: 0 });
  }
}

/** Random histories of one topic. Readers have the published values without a hole or a repeat, and catch up. */
export function topicHistories(topic: ResolvedTopic): fc.IAsyncPropertyWithHooks<[Step[]]> {
  return fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 150, size: 'max' }), async (steps) => {
    const world = new TopicsWorld(topic);
    for (const each of steps) await world.run(each);
    await world.expectConvergence();
  });
}
