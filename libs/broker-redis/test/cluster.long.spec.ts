import { describe, expect, test } from '@jest/globals';
import { disposeAfterEach } from '@statewire/verification/brokers';
import { until } from '@statewire/verification/faults';
import { setTimeout as wait } from 'node:timers/promises';

import { RedisCluster, skipReason } from '@statewire/verification/servers';
import { epochsOf, FollowedTopics, interruptionsOf } from './support/followed-topics.js';

const testWithServer = skipReason === undefined ? test : test.skip;

const keep = disposeAfterEach();

async function start(masters: number, replicas: number): Promise<{ cluster: RedisCluster; topics: FollowedTopics }> {
  const cluster = keep(await RedisCluster.start(masters, { replicas }));
  const topics = keep(await FollowedTopics.start(cluster));
  return { cluster, topics };
}

describe('X6: a cluster that changes while values are published', () => {
  testWithServer(
    'a master is killed: its topics start over on the replica, and the others are undisturbed',
    async () => {
      const { cluster, topics } = await start(3, 1);
      const master = cluster.servers[1]!;
      const { on, off } = await topics.split(master);
      expect([on.length > 0, off.length > 0]).toEqual([true, true]);
      await topics.publishDuring(async () => {
        await wait(1_000);
        const before = epochsOf(on);
        await master.kill();
        await until(
          () =>
            on.every(({ followers }) => followers.every(({ epoch, isStale }) => !isStale && !before.includes(epoch))),
          'new epochs',
        );
        await wait(1_000);
      });
      await topics.untilNewest();
      expect(interruptionsOf(off)).toBe(0);
      for (const { followers } of on)
        for (const { interruptions } of followers) expect(interruptions).toBeGreaterThan(0);
      expect(topics.rejected).toEqual([]);
    },
  );

  testWithServer(
    '5,000 slots move: their topics are interrupted and go on, and the others are undisturbed',
    async () => {
      const { cluster, topics } = await start(3, 0);
      const [from, to] = cluster.servers as [RedisCluster['servers'][0], RedisCluster['servers'][0]];
      const moved = (await cluster.slotsOf(from)).slice(0, 5_000);
      const slots = new Set(moved);
      const { on, off } = await topics.splitBySlot((slot) => slots.has(slot));
      expect([on.length > 0, off.length > 0]).toEqual([true, true]);
      const before = epochsOf(off);
      await topics.publishDuring(async () => {
        await wait(500);
        await cluster.move(moved, from, to);
        await until(() => topics.nodes.every(({ broker }) => broker.reachable === 64), 'the moved topics');
        await wait(1_000);
      });
      await topics.untilNewest();
      expect(interruptionsOf(off)).toBe(0);
      expect(epochsOf(off)).toEqual(before);
      for (const { followers } of on)
        for (const { interruptions } of followers) expect(interruptions).toBeGreaterThan(0);
      expect(topics.rejected).toEqual([]);
    },
  );

  testWithServer('a node is added and removed again: no value is lost, and no position is used twice', async () => {
    const { cluster, topics } = await start(3, 0);
    await topics.publishDuring(async () => {
      const added = await cluster.add();
      await cluster.untilStable();
      const [first] = cluster.servers as [RedisCluster['servers'][0]];
      const moved = (await cluster.slotsOf(first)).slice(0, 2_000);
      await cluster.move(moved, first, added);
      await until(() => topics.nodes.every(({ broker }) => broker.reachable === 64), 'the moved topics');
      await wait(1_000);
      await cluster.move(moved, added, first);
      await cluster.remove(added);
      await until(() => topics.nodes.every(({ broker }) => broker.reachable === 64), 'the topics that moved back');
      await wait(1_000);
    });
    await topics.untilNewest();
    expect(topics.rejected).toEqual([]);
  });
});
