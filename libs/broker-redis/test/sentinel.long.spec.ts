import { afterEach, expect, test } from '@jest/globals';

import { Keys } from '../src/keys.js';
import type { RedisBrokerOptions } from '../src/options.js';
import { FollowedTopic, SHORT, TOPIC } from './support/followed-topic.js';
import { RedisServer, skipReason } from '@statewire/verification/servers';
import { until, untilEqual } from './support/until.js';

const testWithServer = skipReason === undefined ? test : test.skip;
const KEYS = new Keys('sw').topic(TOPIC);
const GROUP = 'main';

const disposals: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const dispose of disposals.splice(0).reverse()) await dispose();
});

/** A master, its replica, and a sentinel that promotes the replica when the master is gone. */
async function startGroup(): Promise<{ master: RedisServer; replica: RedisServer; options: RedisBrokerOptions }> {
  const master = await RedisServer.start();
  const replica = await RedisServer.start('--replicaof', '127.0.0.1', String(master.port));
  const sentinel = await RedisServer.startSentinel(GROUP, master.port, { downAfterMs: 500, failoverTimeoutMs: 5_000 });
  for (const server of [master, replica, sentinel]) disposals.push(() => server.dispose());
  await until('the sentinel to know the replica', () =>
    sentinel.admin(async (send) => ((await send('SENTINEL', 'REPLICAS', GROUP)) as unknown[]).length === 1),
  );
  const nodes = [{ host: '127.0.0.1', port: sentinel.port }];
  return { master, replica, options: { ...SHORT, sentinel: { nodes, name: GROUP } } };
}

testWithServer(
  'the nodes follow a failover of Redis Sentinel, and all followers get the value in a new epoch',
  async () => {
    const { master, replica, options } = await startGroup();
    const topic = await FollowedTopic.start(master, options);
    disposals.push(() => topic.dispose());
    await topic.publishAll(10);
    await until('the replication', () =>
      replica.admin(async (send) => (await send('HGET', KEYS.record, 'o')) === '10'),
    );
    await untilEqual(topic.followers);
    const { epoch, value } = topic.followers[0]!;

    await master.kill();
    await until('a new epoch', () => topic.followers.every((follower) => follower.epoch !== epoch));
    await untilEqual(topic.followers);
    expect(topic.followers[0]!.value).toEqual(value);
    await topic.publishAll(10);
    await untilEqual(topic.followers);
    expect(topic.followers[1]!.value).toEqual(topic.newest);
    expect(await replica.admin((send) => send('HGET', KEYS.record, 'o'))).toBe('20');
  },
);
