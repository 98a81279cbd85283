import { afterEach, expect, test } from '@jest/globals';
import { RedisServer, skipReason } from '@statewire/verification/servers';

import { startNode } from './support/test-node.js';
import { until } from './support/until.js';

const testWithServer = skipReason === undefined ? test : test.skip;
const disposals: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const dispose of disposals.splice(0).reverse()) await dispose();
});

testWithServer('a publication waits for the replicas that the option wants, and rejects without them', async () => {
  const master = await RedisServer.start();
  disposals.push(() => master.dispose());
  const replica = await RedisServer.start('--replicaof', '127.0.0.1', String(master.port));
  disposals.push(() => replica.dispose());
  await until('the replica', () =>
    master.admin(async (send) => String(await send('INFO', 'replication')).includes('state=online')),
  );
  const node = await startNode(master.port, { wait: { replicas: 1, timeoutMs: 1_000 } });
  disposals.push(() => node.dispose());
  // The first acknowledgment of a replica may be late.
  await until('an acknowledged publication', () =>
    node.broker.publish('lobby', { kind: 'state', id: 'a', data: '1' }).then(
      () => true,
      () => false,
    ),
  );
  await replica.kill();
  const publishing = node.broker.publish('lobby', { kind: 'state', id: 'b', data: '2' });
  await expect(publishing).rejects.toMatchObject({
    code: 'unavailable',
    message: 'Redis stored the publication, but 0 of 1 replicas have it.',
  });
  expect((await node.broker.read('lobby', 'state')).id).toBe('b');
});
