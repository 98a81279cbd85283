import { afterEach, describe, expect, test } from '@jest/globals';
import { setTimeout as wait } from 'node:timers/promises';

import { topicLease, type NewPublication } from '@statewire/nest';

import { FollowedTopic, SHORT, TOPIC, valueAt } from './support/followed-topic.js';
import { Follower, Ledger, Writer } from './support/follower.js';
import { RedisServer, skipReason } from '@statewire/verification/servers';
import { startNode } from './support/test-node.js';
import { until, untilEqual } from './support/until.js';

const testWithServer = skipReason === undefined ? test : test.skip;

const disposals: (() => Promise<void>)[] = [];

async function startServer(...options: string[]): Promise<RedisServer> {
  const server = await RedisServer.start(...options);
  disposals.push(() => server.dispose());
  return server;
}

async function start(...options: string[]): Promise<{ server: RedisServer; topic: FollowedTopic }> {
  const server = await startServer(...options);
  const topic = await FollowedTopic.start(server, SHORT);
  disposals.push(() => topic.dispose());
  return { server, topic };
}

afterEach(async () => {
  for (const dispose of disposals.splice(0).reverse()) await dispose();
});

describe('X8: the holder of a lease stops, and goes on later', () => {
  testWithServer('another node takes over, and what the first one publishes then is refused', async () => {
    const { topic } = await start();
    const [first, second] = topic.nodes;
    const lease = (await first.broker.lease(topicLease(TOPIC)))!;
    await topic.writer.publish(valueAt(1), lease.token);
    await untilEqual(topic.followers);
    const isLost = lease.lost.then(() => true);

    first.stop(true);
    const taken = (await second.broker.lease(topicLease(TOPIC), { signal: new AbortController().signal }))!;
    expect(taken.token).toBeGreaterThan(lease.token);
    const writer = new Writer(second.broker, TOPIC, topic.ledger, 'second');
    for (let n = 2; n <= 10; n++) await writer.publish(valueAt(n), taken.token);

    const late = topic.writer.publish(valueAt(0), lease.token);
    first.stop(false);
    await expect(late).rejects.toMatchObject({ code: 'fenced' });
    expect(await isLost).toBe(true);
    await untilEqual(topic.followers);
    expect(topic.followers[0]!.value).toEqual(valueAt(10));
  });
});

describe('X9: a node is killed while its actions run', () => {
  testWithServer('each action is lost once, and its lease and members are free', async () => {
    const { topic } = await start();
    const [first, second] = topic.nodes;
    const keys = Array.from({ length: 50 }, (_, n) => `action-${n}`);
    for (const key of keys) await first.broker.claim(key, 'f');
    await first.broker.join(TOPIC, { id: 'ann', info: null });
    const lease = await first.broker.lease('arena');
    const waiting = keys.map(async (key) => {
      const claim = await second.broker.claim(key, 'f');
      if (claim.outcome !== 'running') throw new Error(claim.outcome);
      return claim.answer.catch((error: { code: string }) => error.code);
    });
    await until('the waiting callers', () => second.broker.sizes.claims === keys.length);

    await first.crash();
    expect(await Promise.all(waiting)).toEqual(keys.map(() => 'unclaimed'));
    const claims = await Promise.all(keys.map((key) => second.broker.claim(key, 'f', { again: true })));
    expect(claims).toEqual(keys.map(() => ({ outcome: 'lost' })));
    await until('the end of the presence', async () => (await second.broker.members(TOPIC)).length === 0);
    const next = await second.broker.lease('arena', { signal: new AbortController().signal });
    expect(next!.token).toBeGreaterThan(lease!.token);
  });
});

describe('X10: replies that are lost after the server ran the call', () => {
  const ROUNDS = 1_000;

  testWithServer(`${ROUNDS} times: no event is lost, stored twice or out of order`, async () => {
    const server = await startServer();
    const context = { history: { count: 10 * ROUNDS, bytes: 2 ** 24, ageMs: 3_600_000 } };
    const node = await startNode(server.port, SHORT, context);
    disposals.push(() => node.dispose());
    const ids: string[] = [];
    const event = (): NewPublication => {
      const id = `e${ids.length}`;
      ids.push(id);
      return { kind: 'events', id, data: '1' };
    };
    for (let round = 0; round < ROUNDS; round++) {
      const lost = node.proxy.loseReply();
      const publishing = Array.from({ length: 1 + (round % 4) }, () => node.broker.publish('log', event()));
      await lost;
      publishing.push(node.broker.publish('log', event()));
      await Promise.all(publishing);
    }
    const { publications } = await node.broker.read('log', 'events', { above: -1 });
    expect(publications.map(({ id }) => id)).toEqual(ids);
  });

  testWithServer('of a state topic with deltas: the followers show every value in order', async () => {
    const { topic } = await start();
    for (let round = 0; round < 100; round++) {
      const lost = topic.nodes[0].proxy.loseReply();
      for (let n = 0; n <= round % 5; n++) topic.publish();
      await lost;
      await topic.settled();
    }
    await untilEqual(topic.followers);
    expect(topic.followers[1]!.value).toEqual(topic.newest);
    expect(topic.outcomes.every(({ status }) => status === 'fulfilled')).toBe(true);
    expect(topic.ledger.epochs.size).toBe(1);
  });
});

describe('X12: a node that does not read what the server sends', () => {
  testWithServer('is cut off by the server, and shows the newest values afterwards', async () => {
    const { server, topic } = await start();
    await topic.publishAll(1);
    await server.admin((send) => send('CONFIG', 'SET', 'client-output-buffer-limit', 'normal 1mb 0 0 pubsub 1mb 0 0'));
    const [first, second] = topic.nodes;
    second.stop(true);
    const connected = (): Promise<number> =>
      server.admin(async (send) => String(await send('CLIENT', 'LIST', 'TYPE', 'pubsub')).split('\n').length - 1);
    await until('the end of the connection', async () => {
      const large = { kind: 'state', id: `large-${Math.random()}`, data: JSON.stringify('x'.repeat(200_000)) } as const;
      topic.ledger.publish(large.id, JSON.parse(large.data) as string);
      await first.broker.publish(TOPIC, large);
      return (await connected()) === 1;
    });
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

  testWithServer('that evicts nothing rejects as full, answers reads, and goes on when there is room', async () => {
    const server = await startServer('--maxmemory', '12mb', '--maxmemory-policy', 'noeviction');
    const node = await startNode(server.port, SHORT);
    disposals.push(() => node.dispose());
    const lease = (await node.broker.lease('arena'))!;
    await node.broker.claim('runs', 'f');
    let topics = 0;
    let error: { code?: string } | undefined;
    await until('the end of the memory', async () => {
      const publication = { kind: 'state', id: `p${topics}`, data: JSON.stringify(LARGE) } as const;
      await node.broker.publish(`large/${topics}`, publication).then(
        () => (topics += 1),
        (reason: { code: string }) => (error = reason),
      );
      return error !== undefined;
    });
    expect(error).toMatchObject({ name: 'BrokerError', code: 'full' });
    await expect(node.broker.claim('k', 'f')).rejects.toMatchObject({ code: 'full' });
    expect((await node.broker.read('large/0', 'state')).base?.data).toBe(JSON.stringify(LARGE));
    await node.broker.settle('runs', 'answer', 60_000);
    expect(await node.broker.claim('runs', 'f')).toEqual({ outcome: 'settled', answer: 'answer' });
    let isLost = false;
    void lease.lost.then(() => (isLost = true));
    await wait(2 * SHORT.leaseTtlMs!);
    expect(isLost).toBe(false);
    for (let n = 0; n < topics; n++) await node.broker.close(`large/${n}`);
    await until('room', () =>
      node.broker.publish('large/0', { kind: 'state', id: 'again', data: '1' }).then(
        () => true,
        () => false,
      ),
    );
    expect(await node.broker.claim('k', 'f')).toEqual({ outcome: 'claimed' });
  });

  testWithServer('that evicts keys: the start warns, and no follower ever shows a wrong value', async () => {
    const server = await startServer('--maxmemory', '8mb', '--maxmemory-policy', 'allkeys-random');
    const nodes = await Promise.all([startNode(server.port, SHORT), startNode(server.port, SHORT)]);
    for (const node of nodes) disposals.push(() => node.dispose());
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
    await until('the last values', () => followed.every(({ follower }) => !follower.isStale && isDone(follower.value)));
    for (const { follower } of followed) if (follower.error !== undefined) throw follower.error as Error;
  });
});

function isDone(value: unknown): boolean {
  return (value as { done?: boolean } | undefined)?.done === true;
}
