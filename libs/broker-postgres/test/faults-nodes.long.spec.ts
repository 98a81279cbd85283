import { afterEach, describe, expect, test } from '@jest/globals';
import { topicLease, type NewPublication } from '@statewire/nest';
import { postgresSkipReason, PostgresServer } from '@statewire/verification/servers';

import { FollowedTopic, SHORT, TOPIC, valueAt } from './support/followed-topic.js';
import { Writer } from './support/follower.js';
import { startNode } from './support/test-node.js';
import { until, untilEqual } from './support/until.js';

const testWithServer = postgresSkipReason === undefined ? test : test.skip;

const disposals: (() => Promise<void>)[] = [];

async function startServer(...options: string[]): Promise<PostgresServer> {
  const server = await PostgresServer.start(...options);
  disposals.push(() => server.dispose());
  return server;
}

async function start(...options: string[]): Promise<FollowedTopic> {
  const server = await startServer(...options);
  const topic = await FollowedTopic.start(server, SHORT);
  disposals.push(() => topic.dispose());
  return topic;
}

afterEach(async () => {
  for (const dispose of disposals.splice(0).reverse()) await dispose();
});

describe('X8: the holder of a lease stops, and goes on later', () => {
  testWithServer('another node takes over, and what the first one publishes then is refused', async () => {
    const topic = await start();
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
    const topic = await start();
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
    const node = await startNode(server.url, SHORT, context);
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
    const topic = await start();
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
