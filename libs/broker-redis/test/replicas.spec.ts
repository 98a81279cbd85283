import { expect, test } from '@jest/globals';
import { disposeAfterEach } from '@statewire/verification/brokers';
import { until } from '@statewire/verification/faults';
import { RedisServer, skipReason } from '@statewire/verification/servers';

import { startNode } from './support/test-node.js';

const testWithServer = skipReason === undefined ? test : test.skip;
const keep = disposeAfterEach();

testWithServer('a publication waits for the replicas that the option wants, and rejects without them', async () => {
  const master = keep(await RedisServer.start());
  const replica = keep(await RedisServer.start('--replicaof', '127.0.0.1', String(master.port)));
  await until(
    () => master.admin(async (send) => String(await send('INFO', 'replication')).includes('state=online')),
    'the replica',
  );
  const node = keep(await startNode(master.url, { wait: { replicas: 1, timeoutMs: 1_000 } }));
  // The first acknowledgment of a replica may be late.
  await until(
    () =>
      node.broker.publish('lobby', { kind: 'state', id: 'a', data: '1' }).then(
        () => true,
        () => false,
      ),
    'an acknowledged publication',
  );
  await replica.kill();
  const publishing = node.broker.publish('lobby', { kind: 'state', id: 'b', data: '2' });
  await expect(publishing).rejects.toMatchObject({
    code: 'unavailable',
    message: 'Redis stored the publication, but 0 of 1 replicas have it.',
  });
  expect((await node.broker.read('lobby', 'state')).id).toBe('b');
});
