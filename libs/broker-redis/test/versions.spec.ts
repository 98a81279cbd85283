import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import {
  disposeAfterEach,
  Follower,
  Ledger,
  SHORT,
  TOPIC,
  untilEqual,
  valueAt,
  Writer,
} from '@statewire/verification/brokers';
import { until } from '@statewire/verification/faults';
import { RedisServer, skipReason } from '@statewire/verification/servers';

import { Keys } from '../src/keys.js';
import { startNode, type RedisNode } from './support/test-node.js';

const describeWithServer = skipReason === undefined ? describe : describe.skip;
const keys = new Keys('sw');

describeWithServer('X16: nodes of two versions', () => {
  let server: RedisServer;
  const keep = disposeAfterEach();

  beforeAll(async () => {
    server = await RedisServer.start();
  });

  afterEach(async () => {
    await server.admin((send) => send('FLUSHALL'));
  });

  afterAll(() => server.dispose());

  /** Nodes with different limits of the history have different scripts, as those of different versions do. */
  async function start(count: number): Promise<RedisNode> {
    return keep(await startNode(server.url, SHORT, { history: { count, bytes: 2 ** 20, ageMs: 60_000 } }));
  }

  async function follow(nodes: readonly RedisNode[]) {
    const ledger = new Ledger();
    const followers = await Promise.all(nodes.map(({ broker }) => Follower.start(broker, TOPIC, ledger)));
    const writers = nodes.map(({ broker }, n) => new Writer(broker, TOPIC, ledger, `w${n}`));
    return { followers, writers };
  }

  test('publish to one topic with scripts of their own, also after the server lost them', async () => {
    const nodes = [await start(50), await start(60)];
    const { followers, writers } = await follow(nodes);
    for (let n = 0; n < 5; n++)
      for (const [index, writer] of writers.entries()) await writer.publish(valueAt(2 * n + index));
    await untilEqual(followers);
    await server.admin((send) => send('SCRIPT', 'FLUSH'));
    for (let n = 5; n < 10; n++)
      for (const [index, writer] of writers.entries()) await writer.publish(valueAt(2 * n + index));
    await untilEqual(followers);
    expect(followers[0]!.value).toEqual(valueAt(19));
    expect(nodes.flatMap(({ logged }) => logged)).toEqual([]);
  });

  test('ignore messages and fields that they do not know', async () => {
    const nodes = [await start(50), await start(50)];
    const { followers, writers } = await follow(nodes);
    await writers[0]!.publish(valueAt(1));
    await untilEqual(followers);
    const { record, channel } = keys.topic(TOPIC);
    await server.admin(async (send) => {
      await send('HSET', record, 'later', 'a field of a later version');
      await send('SPUBLISH', channel, 'X what a later version says\nbody');
      const messages = ['{"type":"later"}', '{"type":"answer","id":"unknown","body":1,"later":true}'];
      for (const node of nodes) {
        const name = keys.node(node.environment.ids[0]!.slice(0, 12)).channel;
        for (const message of messages) await send('SPUBLISH', name, message);
      }
    });
    await writers[1]!.publish(valueAt(2));
    await writers[0]!.publish(valueAt(3));
    await untilEqual(followers);
    expect(followers[1]!.value).toEqual(valueAt(3));
    expect(nodes.flatMap(({ logged }) => logged)).toEqual([]);
  });

  test('wait on for the answer of an action when a later version announces something else about it', async () => {
    const [first, second] = [await start(50), await start(50)];
    await first.broker.claim('key', 'f');
    const claim = await second.broker.claim('key', 'f');
    if (claim.outcome !== 'running') throw new Error(claim.outcome);
    const { key: channel } = keys.claim('key');
    await until(
      () =>
        server.admin(async (send) => Number(((await send('PUBSUB', 'SHARDNUMSUB', channel)) as unknown[])[1]) === 1),
      'the subscription',
    );
    await server.admin((send) => send('SPUBLISH', channel, 'later\nbody'));
    await first.broker.settle('key', 'answer', 60_000);
    expect(await claim.answer).toBe('answer');
  });
});
