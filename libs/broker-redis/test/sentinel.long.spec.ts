import { expect } from '@jest/globals';
import { FollowedTopic, SHORT, untilEqual, useServers } from '@statewire/verification/brokers';
import { until } from '@statewire/verification/faults';

import type { RedisBrokerOptions } from '../src/options.js';
import { RedisServer } from '@statewire/verification/servers';
import { recordField } from './support/record.js';
import { startNode } from './support/test-node.js';
import { testedRedis, TOPIC_KEYS } from './support/tested-redis.js';

const { keep, testHere } = useServers(testedRedis);
const GROUP = 'main';

/** A master, its replica, and a sentinel that promotes the replica when the master is gone. */
async function startGroup(): Promise<{ master: RedisServer; replica: RedisServer; options: RedisBrokerOptions }> {
  const master = await RedisServer.start();
  const replica = await RedisServer.start('--replicaof', '127.0.0.1', String(master.port));
  const sentinel = await RedisServer.startSentinel(GROUP, master.port, { downAfterMs: 500, failoverTimeoutMs: 5_000 });
  for (const server of [master, replica, sentinel]) keep(server);
  await until(
    () => sentinel.admin(async (send) => ((await send('SENTINEL', 'REPLICAS', GROUP)) as unknown[]).length === 1),
    'the sentinel to know the replica',
  );
  const nodes = [{ host: '127.0.0.1', port: sentinel.port }];
  return { master, replica, options: { ...SHORT, sentinel: { nodes, name: GROUP } } };
}

testHere('the nodes follow a failover of Redis Sentinel, and all followers get the value in a new epoch', async () => {
  const { master, replica, options } = await startGroup();
  const topic = keep(await FollowedTopic.start(() => startNode(master.url, options)));
  await topic.publishAll(10);
  await until(
    () => replica.admin(async (send) => (await recordField(send, TOPIC_KEYS.record, 'o')) === 10),
    'the replication',
  );
  await untilEqual(topic.followers);
  const { epoch, value } = topic.followers[0]!;

  await master.kill();
  await topic.untilNewEpoch(epoch);
  expect(topic.followers[0]!.value).toEqual(value);
  await topic.publishAll(10);
  await untilEqual(topic.followers);
  expect(topic.followers[1]!.value).toEqual(topic.newest);
  expect(await replica.admin((send) => recordField(send, TOPIC_KEYS.record, 'o'))).toBe(20);
});
