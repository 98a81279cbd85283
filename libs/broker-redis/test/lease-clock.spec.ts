import { expect, test } from '@jest/globals';

import { RedisServer, skipReason, withAdmin } from '@statewire/verification/servers';
import { Keys } from '../src/keys.js';
import { startNode } from './support/test-node.js';

const testWithServer = skipReason === undefined ? test : test.skip;

const HOUR_MS = 3_600_000;

testWithServer('a server whose clock goes back frees the lease of a crashed node after its time to live', async () => {
  const server = await RedisServer.start();
  const options = { prefix: 'x', leaseTtlMs: 300 };
  const crashed = await startNode(server.url, options);
  const other = await startNode(server.url, options);
  await crashed.broker.lease('topic:lobby');
  await crashed.crash();
  await withAdmin(server.url, async (send) => {
    // As if the clock had been an hour ahead when the node took the lease.
    await send('HINCRBY', new Keys('x').lease('topic:lobby').key, 'x', String(HOUR_MS));
  });
  const lease = await other.broker.lease('topic:lobby', { signal: AbortSignal.timeout(20_000) });
  expect(lease).toBeDefined();
  for (const node of [crashed, other]) await node.dispose();
  await server.dispose();
});
