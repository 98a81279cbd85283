import { describe, expect } from '@jest/globals';
import {
  describeNodeFaults,
  Follower,
  Ledger,
  SHORT,
  TOPIC,
  untilEqual,
  useServers,
  Writer,
} from '@statewire/verification/brokers';
import { until } from '@statewire/verification/faults';
import { RedisServer } from '@statewire/verification/servers';
import { setTimeout as wait } from 'node:timers/promises';

import { startNode } from './support/test-node.js';
import { testedRedis } from './support/tested-redis.js';

describeNodeFaults(testedRedis);

const { keep, start, testHere } = useServers(testedRedis);

describe('X12: a node that does not read what the server sends', () => {
  testHere('is cut off by the server, and shows the newest values afterwards', async () => {
    const { server, topic } = await start();
    await topic.publishAll(1);
    await server.admin((send) => send('CONFIG', 'SET', 'client-output-buffer-limit', 'normal 1mb 0 0 pubsub 1mb 0 0'));
    const [first, second] = topic.nodes;
    second.stop(true);
    const connected = (): Promise<number> =>
      server.admin(async (send) => String(await send('CLIENT', 'LIST', 'TYPE', 'pubsub')).split('\n').length - 1);
    await until(async () => {
      const large = { kind: 'state', id: `large-${Math.random()}`, data: JSON.stringify('x'.repeat(200_000)) } as const;
      topic.ledger.publish(large.id, JSON.parse(large.data) as string);
      await first.broker.publish(TOPIC, large);
      return (await connected()) === 1;
    }, 'the end of the connection');
    await topic.publishAll(5);
    second.stop(false);
    await untilEqual(topic.followers);
    expect(topic.followers[1]!.value).toEqual(topic.newest);
    expect(topic.followers[1]!.interruptions).toBeGreaterThan(0);
    expect(topic.followers[0]!.interruptions).toBe(0);
  });
});

describe('X13: a server without memory', () => {
  const LARGE = 'x'.repeat(100_000);

  testHere('that evicts nothing rejects as full, answers reads, and goes on when there is room', async () => {
    const server = keep(await RedisServer.start('--maxmemory', '12mb', '--maxmemory-policy', 'noeviction'));
    const node = keep(await startNode(server.url, SHORT));
    const lease = (await node.broker.lease('arena'))!;
    await node.broker.claim('runs', 'f');
    let topics = 0;
    let error: { code?: string } | undefined;
    await until(async () => {
      const publication = { kind: 'state', id: `p${topics}`, data: JSON.stringify(LARGE) } as const;
      await node.broker.publish(`large/${topics}`, publication).then(
        () => (topics += 1),
        (reason: { code: string }) => (error = reason),
      );
      return error !== undefined;
    }, 'the end of the memory');
    expect(error).toMatchObject({ name: 'BrokerError', code: 'full' });
    await expect(node.broker.claim('k', 'f')).rejects.toMatchObject({ code: 'full' });
    expect((await node.broker.read('large/0', 'state')).base?.data).toBe(JSON.stringify(LARGE));
    await node.broker.settle('runs', 'answer', 60_000);
    expect(await node.broker.claim('runs', 'f')).toEqual({ outcome: 'settled', answer: 'answer' });
    let isLost = false;
    void lease.lost.then(() => (isLost = true));
    await wait(2 * SHORT.leaseTtlMs);
    expect(isLost).toBe(false);
    for (let n = 0; n < topics; n++) await node.broker.close(`large/${n}`);
    await until(
      () =>
        node.broker.publish('large/0', { kind: 'state', id: 'again', data: '1' }).then(
          () => true,
          () => false,
        ),
      'room',
    );
    expect(await node.broker.claim('k', 'f')).toEqual({ outcome: 'claimed' });
  });

  testHere('that evicts keys: the start warns, and no follower ever shows a wrong value', async () => {
    const server = keep(await RedisServer.start('--maxmemory', '8mb', '--maxmemory-policy', 'allkeys-random'));
    const nodes = [keep(await startNode(server.url, SHORT)), keep(await startNode(server.url, SHORT))];
    for (const { logged } of nodes) expect(logged.map(({ event }) => event)).toContain('redis-eviction');
    const ledger = new Ledger();
    const followed = await Promise.all(
      Array.from({ length: 60 }, async (_, n) => {
        const [topic, writer, reader] = [`t/${n}`, nodes[n % 2]!.broker, nodes[(n + 1) % 2]!.broker];
        const follower = await Follower.start(reader, topic, ledger);
        return { follower, writer: new Writer(writer, topic, ledger, topic) };
      }),
    );
    for (let round = 0; round < 40; round++) {
      const value = { round, text: 'x'.repeat(60_000) };
      await Promise.all(followed.map(({ writer }) => writer.publish(value).catch(() => undefined)));
    }
    const evicted = await server.admin(
      async (send) => /evicted_keys:(\d+)/.exec(String(await send('INFO', 'stats')))![1],
    );
    expect(Number(evicted)).toBeGreaterThan(0);
    for (const { follower } of followed) if (follower.error !== undefined) throw follower.error as Error;
    // What is published when there is memory again is seen by all.
    await server.admin((send) => send('CONFIG', 'SET', 'maxmemory', '0'));
    for (const { writer } of followed) await writer.publish({ done: true });
    await until(() => followed.every(({ follower }) => !follower.isStale && isDone(follower.value)), 'the last values');
    for (const { follower } of followed) if (follower.error !== undefined) throw follower.error as Error;
  });
});

function isDone(value: unknown): boolean {
  return (value as { done?: boolean } | undefined)?.done === true;
}
