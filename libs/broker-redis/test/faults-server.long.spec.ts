import { describe, expect } from '@jest/globals';
import { describeServerFaults, expectAllStored, untilEqual, useServers } from '@statewire/verification/brokers';
import { RedisServer } from '@statewire/verification/servers';

import { TAGS } from '../src/keys.js';
import { testedRedis } from './support/tested-redis.js';

describeServerFaults(testedRedis);

const { keep, start, testHere } = useServers(testedRedis);

describe('X2: a server that is killed and starts again with its data', () => {
  testHere(
    'from a snapshot: the value of the snapshot goes on in a new epoch, and no position is used twice',
    async () => {
      const { server, topic } = await start();
      await topic.publishAll(20);
      await server.admin((send) => send('SAVE'));
      await untilEqual(topic.followers);
      const { epoch, value } = topic.followers[0]!;
      await topic.publishAll(20);
      await untilEqual(topic.followers);
      await server.kill();
      await topic.untilAll('away');
      await server.start();
      await topic.untilNewEpoch(epoch);
      expect(topic.followers[0]!.value).toEqual(value);
      await topic.publishAll(40);
      await untilEqual(topic.followers);
      expect(topic.followers[1]!.value).toEqual(topic.newest);
      expect(topic.ledger.epochs.size).toBe(2);
    },
  );

  testHere('from a log of all writes: the newest value goes on in a new epoch', async () => {
    const { server, topic } = await start(RedisServer.start('--appendonly', 'yes', '--appendfsync', 'always'));
    await topic.publishAll(20);
    await untilEqual(topic.followers);
    const { epoch } = topic.followers[0]!;
    await server.kill();
    await topic.untilAll('away');
    await server.start();
    await topic.untilNewEpoch(epoch);
    expect(topic.followers[0]!.value).toEqual(topic.newest);
  });
});

describe('X3: a server that is flushed', () => {
  testHere('has a lineage for each partition again', async () => {
    const { server, topic } = await start();
    await topic.publishAll(3);
    await untilEqual(topic.followers);
    const { epoch } = topic.followers[0]!;
    await server.admin((send) => send('FLUSHALL'));
    await topic.untilNewEpoch(epoch);
    expect(await server.admin((send) => send('KEYS', 'sw:*:g'))).toHaveLength(TAGS.length);
  });
});

describe('X4: a master that is demoted while it lives', () => {
  testHere('loses no node: they follow the new one', async () => {
    const { server, topic } = await start();
    const replica = await testedRedis.startReplica(server);
    keep(replica.server);
    await topic.publishAll(10);
    await untilEqual(topic.followers);
    const { epoch } = topic.followers[0]!;
    await replica.detach();
    await topic.publishDuring(async () => {
      for (const { proxy } of topic.nodes) proxy.lead(replica.server.port);
      await replica.promote();
      await replica.demoteOther();
      await topic.untilNewEpoch(epoch);
    });
    await expectAllStored(topic);
  });
});
