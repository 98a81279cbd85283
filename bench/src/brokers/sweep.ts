import { setTimeout as wait } from 'node:timers/promises';

import { now } from '../clock.js';
import type { Measurement } from '../measurements.js';
import { RemoteProcess } from '../remote-process.js';
import { RedisProcess } from './redis-process.js';
import type { BrokerRole } from './role.js';
import { battleTexts } from './texts.js';

const SWEPT_TOPICS = 10_000;
const FILLED_TOPICS = 500;
const FILLED_WITH = 100;
const ROLE = './brokers/roles/statewire.role.js';
const arm = 'broker-redis';

/** Time and calls until a node that follows 10,000 topics knows where each stands, after its connection broke. */
export async function sweep(): Promise<Measurement[]> {
  return withRedis(async (redis) => {
    const [publisher, follower] = [await node(redis), await node(redis)];
    try {
      await publisher.call('publish', { topics: SWEPT_TOPICS, count: SWEPT_TOPICS, window: 64 });
      await follower.call('follow', SWEPT_TOPICS);
      const before = await redis.usage();
      const began = now();
      await redis.cutConnections();
      while ((await follower.call('resumed')) < SWEPT_TOPICS) await wait(10);
      const took = now() - began;
      const after = await redis.usage();
      const name = `${SWEPT_TOPICS} topics`;
      return [
        { arm, metric: `reconnected and swept (${name})`, unit: 'ms', value: took },
        { arm, metric: `calls of scripts for it (${name})`, unit: 'calls', value: after.scripts - before.scripts },
      ];
    } finally {
      await Promise.all([publisher.stop(), follower.stop()]);
    }
  });
}

/** Memory of Redis for a topic with 100 publications, as a multiple of its deltas and two values. */
export async function topicMemory(): Promise<Measurement[]> {
  return withRedis(async (redis) => {
    const publisher = await node(redis);
    try {
      const before = await redis.usage();
      await publisher.call('publish', { topics: FILLED_TOPICS, count: FILLED_TOPICS * FILLED_WITH, window: 64 });
      const after = await redis.usage();
      const texts = battleTexts().slice(0, FILLED_WITH);
      const deltas = texts.reduce((sum, { delta }) => sum + delta.length, 0);
      const needed = deltas + 2 * texts[0]!.data.length;
      const perTopic = (after.memory - before.memory) / FILLED_TOPICS;
      const name = `${FILLED_WITH} publications`;
      return [
        { arm, metric: `memory of Redis per topic (${name})`, unit: 'KB', value: perTopic / 1_000 },
        {
          arm,
          metric: `memory of Redis per topic (${name})`,
          unit: '× deltas and two values',
          value: perTopic / needed,
        },
      ];
    } finally {
      await publisher.stop();
    }
  });
}

async function node(redis: RedisProcess): Promise<RemoteProcess<BrokerRole>> {
  return RemoteProcess.start<BrokerRole>(ROLE, { url: redis.url });
}

async function withRedis<T>(use: (redis: RedisProcess) => Promise<T>): Promise<T> {
  const redis = await RedisProcess.start();
  try {
    return await use(redis);
  } finally {
    await redis.stop();
  }
}
