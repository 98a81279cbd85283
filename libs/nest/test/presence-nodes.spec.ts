import { afterEach, describe, expect, test } from '@jest/globals';
import type { Json, Presence } from '@statewire/protocol';

import type { Broker } from '../src/core/broker.js';
import { presenceLease, presenceName, presenceSource } from '../src/presence/presence-source.js';
import { toPresenceMember } from '../src/presence/member-list.js';
import type { ResolvedTopic } from '../src/topics/topic-loader.js';
import { setUp, type TestNode, type TestReader } from './support/topics-set-up.js';

const FOLLOWED = 'battles/42';
const TOPIC: ResolvedTopic = { name: presenceName(FOLLOWED), kind: 'state' };
const INTERVAL = 250;

type Node = ReturnType<typeof node>;

/** A node of a cluster. Its broker outlives it and removes the part of a dead node. */
function node(shared?: TestNode) {
  const reads = { count: 0, failing: 0 };
  let losses: (() => void)[] = [];
  const wrap = (broker: Broker): Broker =>
    new Proxy(broker, {
      get(target, name) {
        if (name === 'members') {
          return async (topic: string) => {
            reads.count += 1;
            if (reads.failing === 0) return target.members(topic);
            reads.failing -= 1;
            throw new Error('connection reset');
          };
        }
        if (name === 'lease') {
          return async (...given: Parameters<Broker['lease']>) => {
            const held = await target.lease(...given);
            if (held === undefined) return undefined;
            const lost = new Promise<void>((resolve) => losses.push(resolve));
            losses.push(() => void held.release());
            return { ...held, lost };
          };
        }
        const member: unknown = Reflect.get(target, name, target);
        return typeof member === 'function' ? member.bind(target) : member;
      },
    });
  let wrapped!: Broker;
  const parts = setUp(
    {
      wrap: (broker) => (wrapped = wrap(broker)),
      load: () => ({
        type: 'source',
        source: presenceSource(FOLLOWED, {
          broker: wrapped,
          environment: parts.environment,
          log: { error: (event) => void parts.logged.push(event) },
          presence: { intervalMs: INTERVAL, members: 100 },
        }),
      }),
    },
    shared,
  );
  /** Adds a member as this node would. */
  const join = async (id: string, key = id, info?: Json): Promise<void> => {
    const since = parts.environment.now();
    await parts.broker.join(FOLLOWED, toPresenceMember({ id, key, since, ...(info === undefined ? {} : { info }) }));
    await parts.broker.request(presenceLease(FOLLOWED), null);
  };
  const leave = async (id: string): Promise<void> => {
    await parts.broker.leave(FOLLOWED, id);
    await parts.broker.request(presenceLease(FOLLOWED), null);
  };
  const loseLeases = (): void => {
    for (const lose of losses) lose();
    losses = [];
  };
  return { ...parts, join, leave, loseLeases, reads };
}

/** Follows the topic without members: the first list without members comes after a few turns of the event loop. */
async function follow({ reader, environment }: Node): Promise<TestReader> {
  const following = reader().subscribe(TOPIC);
  await environment.advance(INTERVAL);
  return following;
}

function valueOf(reader: TestReader): Presence | undefined {
  return reader.update().value as unknown as Presence | undefined;
}

function countOf(reader: TestReader): number | undefined {
  return valueOf(reader)?.count;
}

describe('presence over several nodes', () => {
  let here: Node;
  let there: Node;

  afterEach(() => Promise.all([here.topics.dispose(), there.topics.dispose()]));

  function start(): void {
    here = node();
    there = node(here.node);
  }

  test('readers of every node see the members of all nodes', async () => {
    start();
    await there.join('b', 'ben', { name: 'Ben' });
    const first = await here.reader().subscribe(TOPIC);
    const second = await there.reader().subscribe(TOPIC);
    await here.join('a');
    await here.environment.advance(INTERVAL);
    const expected = { count: 2, members: [{ id: 'b', info: { name: 'Ben' } }, { id: 'a' }] };
    expect(valueOf(first)).toEqual(expected);
    expect(valueOf(second)).toEqual(expected);
    expect(there.reads.count).toBe(0);
  });

  test('a member that moves to another node stays present and counts once', async () => {
    start();
    await here.join('on-here', 'ann', 'Ann');
    const reader = await there.reader().subscribe(TOPIC);
    await here.environment.settle();
    const before = valueOf(reader);
    await there.join('on-there', 'ann', 'Ann');
    await here.environment.advance(INTERVAL);
    await here.leave('on-here');
    await here.environment.advance(INTERVAL);
    expect(valueOf(reader)).toEqual(before);
    expect(reader.offset).toBe(1);
    await there.leave('on-there');
    await here.environment.advance(INTERVAL);
    expect(countOf(reader)).toBe(0);
  });

  test('members of a dead node disappear after the broker drops them', async () => {
    start();
    const reader = await follow(here);
    await there.join('lost');
    await here.environment.advance(INTERVAL);
    expect(countOf(reader)).toBe(1);
    await here.broker.leave(FOLLOWED, 'lost');
    await here.environment.advance(10_000);
    expect(countOf(reader)).toBe(0);
  });

  test('another node continues after the death of the computing node', async () => {
    start();
    const first = await follow(here);
    const second = await there.reader().subscribe(TOPIC);
    await there.join('a');
    await here.environment.advance(INTERVAL);
    expect(countOf(first)).toBe(1);
    await here.topics.dispose();
    await there.environment.advance(2_000);
    await there.join('b');
    await there.environment.advance(2_000);
    expect(countOf(second)).toBe(2);
    expect(there.reads.count).toBeGreaterThan(0);
  });

  test('a node that lost its lease stops computing and answering', async () => {
    start();
    const reader = await follow(here);
    await there.join('a');
    here.loseLeases();
    const elsewhere = await here.broker.lease(presenceLease(FOLLOWED));
    await here.environment.settle();
    const { count } = here.reads;
    await there.join('b');
    await here.environment.advance(1_000);
    expect(here.reads.count).toBe(count);
    await elsewhere?.release();
    await here.environment.advance(INTERVAL);
    expect(countOf(reader)).toBe(2);
  });

  test('10,000 new members within a second cause four publications, and no reads without readers', async () => {
    start();
    for (let n = 0; n < 100; n++) await there.join(`early-${n}`);
    await here.environment.advance(60_000);
    expect(here.reads.count + there.reads.count).toBe(0);
    const reader = await here.reader().subscribe(TOPIC);
    await here.environment.advance(INTERVAL);
    const before = reader.update().offset;
    for (let tenth = 0; tenth < 10; tenth++) {
      for (let n = 0; n < 1_000; n++) await there.join(`${tenth}-${n}`);
      await here.environment.advance(100);
    }
    await here.environment.advance(INTERVAL);
    expect(countOf(reader)).toBe(10_100);
    expect(valueOf(reader)?.members).toHaveLength(100);
    expect(reader.offset - before).toBeLessThanOrEqual(5);
    expect(here.reads.count).toBeLessThanOrEqual(10);
  });

  test('retries a failed read of the broker', async () => {
    start();
    const reader = await follow(here);
    await here.environment.advance(INTERVAL);
    here.reads.failing = 2;
    await there.join('a');
    await here.environment.advance(3_000);
    expect(countOf(reader)).toBe(1);
    expect(here.logged).toContain('presence-read-failed');
  });

  test('ignores a member record of another version', async () => {
    start();
    await here.broker.join(FOLLOWED, { id: 'odd', info: 'text' });
    await here.broker.join(FOLLOWED, { id: 'odder', info: { key: 1 } });
    await here.join('a');
    const reader = await here.reader().subscribe(TOPIC);
    await here.environment.settle();
    expect(valueOf(reader)).toEqual({ count: 1, members: [{ id: 'a' }] });
  });

  test('holds nothing without readers', async () => {
    start();
    const reader = await follow(here);
    await here.environment.advance(INTERVAL);
    reader.leave();
    await here.environment.advance(60_000);
    expect(here.broker.sizes).toMatchObject({ leases: 0, presence: 0 });
    expect(here.topics.sizes).toEqual({ live: 0, lingering: 0, releasing: 0 });
    await here.environment.advance(600_000);
    expect(here.environment.timers).toBe(0);
  });
});
