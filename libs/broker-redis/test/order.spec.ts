import { expect, test } from '@jest/globals';
import { disposeAfterEach } from '@statewire/verification/brokers';
import { until } from '@statewire/verification/faults';
import { RedisCluster, RedisServer, skipReason } from '@statewire/verification/servers';

import { Keys } from '../src/keys.js';
import { startNode, type RedisNode } from './support/test-node.js';

const testWithServer = skipReason === undefined ? test : test.skip;
const TOPIC = 'chat';
const { record } = new Keys('sw').topic(TOPIC);
const keep = disposeAfterEach();

/** The calls of scripts that a server has answered, whether it has refused them or not. */
async function callsOf(server: RedisServer): Promise<number> {
  const text = String(await server.admin((send) => send('INFO', 'commandstats')));
  const [, calls, rejected] = /cmdstat_evalsha:calls=(\d+).*?rejected_calls=(\d+)/.exec(text)!;
  return Number(calls) + Number(rejected);
}

/** Publishes an event that the server refuses with `code`, and one that it would take, before the node hears of the first. */
async function publishAroundRefusal(
  node: RedisNode,
  server: RedisServer,
  code: string,
  refuse: () => Promise<void>,
  accept: () => Promise<void>,
): Promise<readonly string[]> {
  const publish = (id: string) => node.broker.publish(TOPIC, { kind: 'events', id, data: `"${id}"` });
  await publish('first');
  node.proxy.holdReplies(true);
  await refuse();
  const refused = publish('refused');
  await until(
    () => server.admin(async (send) => String(await send('INFO', 'errorstats')).includes(`errorstat_${code}:`)),
    'the refusal',
  );
  await accept();
  const calls = await callsOf(server);
  const taken = publish('taken');
  await until(async () => (await callsOf(server)) > calls, 'the call behind it');
  node.proxy.holdReplies(false);
  await Promise.all([refused, taken]);
  const { publications } = await node.broker.read(TOPIC, 'events', { above: 0 });
  return publications.map(({ id }) => id);
}

testWithServer('events keep their order if a server refuses one for lack of replicas and takes the next', async () => {
  const server = keep(await RedisServer.start());
  const node = keep(await startNode(server.url));
  const need = async (replicas: string): Promise<void> => {
    await server.admin((send) => send('CONFIG', 'SET', 'min-replicas-to-write', replicas));
  };
  const ids = await publishAroundRefusal(
    node,
    server,
    'NOREPLICAS',
    () => need('1'),
    () => need('0'),
  );
  expect(ids).toEqual(['first', 'refused', 'taken']);
});

testWithServer('events keep their order if the server forgets its scripts and another node loads them', async () => {
  const server = keep(await RedisServer.start());
  const trust = async (): Promise<RedisNode> => keep(await startNode(server.url, { lineage: 'trust' }));
  const [node, other] = [await trust(), await trust()];
  const ids = await publishAroundRefusal(
    node,
    server,
    'NOSCRIPT',
    async () => {
      await server.admin((send) => send('SCRIPT', 'FLUSH'));
    },
    async () => {
      await other.broker.publish('elsewhere', { kind: 'events', id: 'elsewhere', data: '1' });
    },
  );
  expect(ids).toEqual(['first', 'refused', 'taken']);
});

testWithServer('events of two nodes that publish at once keep the order of each node', async () => {
  const server = keep(await RedisServer.start());
  const nodes = [keep(await startNode(server.url)), keep(await startNode(server.url))];
  const idsOf = (n: number): string[] => Array.from({ length: 200 }, (_, index) => `${n}-${index}`);
  const publish = (id: string, n: number) => nodes[n]!.broker.publish(TOPIC, { kind: 'events', id, data: '1' });
  await Promise.all(nodes.flatMap((_, n) => idsOf(n).map((id) => publish(id, n))));
  const { publications } = await nodes[0]!.broker.read(TOPIC, 'events', { above: 0 });
  for (const n of nodes.keys()) {
    expect(publications.map(({ id }) => id).filter((id) => id.startsWith(`${n}-`))).toEqual(idsOf(n));
  }
  expect(publications).toHaveLength(400);
});

testWithServer(
  'events keep their order if a slot is about to move and then stays',
  async () => {
    const cluster = keep(await RedisCluster.start());
    const node = keep(await startNode(cluster));
    const [owner, slot] = [await cluster.masterOf(record), await cluster.slotOf(record)];
    const other = cluster.servers.find((server) => server !== owner)!;
    const target = String(await other.admin((send) => send('CLUSTER', 'MYID')));
    const move = async (...state: string[]): Promise<void> => {
      await owner.admin((send) => send('CLUSTER', 'SETSLOT', String(slot), ...state));
    };
    const ids = await publishAroundRefusal(
      node,
      owner,
      'TRYAGAIN',
      () => move('MIGRATING', target),
      () => move('STABLE'),
    );
    expect(ids).toEqual(['first', 'refused', 'taken']);
  },
  120_000,
);
