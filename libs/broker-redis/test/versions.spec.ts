import { expect } from '@jest/globals';
import { describeVersions, untilEqual, useServers } from '@statewire/verification/brokers';

import { testedRedis, TOPIC_KEYS } from './support/tested-redis.js';

describeVersions(testedRedis);

const { start, testHere } = useServers(testedRedis);

testHere('X16: a node ignores a field of a later version in the record of a topic', async () => {
  const { server, topic } = await start();
  await topic.publishAll(3);
  await server.admin((send) => send('HSET', TOPIC_KEYS.record, 'later', 'a field of a later version'));
  await topic.publishAll(3);
  await untilEqual(topic.followers);
  expect(topic.followers[1]!.value).toEqual(topic.newest);
});
