import { expect, test } from '@jest/globals';
import { disposeAfterEach } from '@statewire/verification/brokers';
import { RedisServer, skipReason } from '@statewire/verification/servers';

import type { RedisBrokerOptions } from '../src/options.js';
import { startNode } from './support/test-node.js';

const testWithServer = skipReason === undefined ? test : test.skip;
const keep = disposeAfterEach();

async function failure(server: RedisServer, options: RedisBrokerOptions): Promise<string> {
  return startNode(server.url, options).then(
    () => 'started',
    (error: Error) => error.message,
  );
}

function clusterOf({ port }: RedisServer): RedisBrokerOptions {
  return { cluster: { rootNodes: [{ host: '127.0.0.1', port }] } };
}

testWithServer('a list of nodes that names a single server is refused at once', async () => {
  const server = keep(await RedisServer.start());
  const message = await failure(server, clusterOf(server));
  expect(message).toMatch(/could not start \(the cluster of 127\.0\.0\.1:\d+, 1 attempt\)/);
  expect(message).toContain('is no node of Redis Cluster; name it with the option "url" instead of "cluster"');
});

testWithServer('a node of a cluster as a single server is refused at once', async () => {
  const server = keep(await RedisServer.startClusterNode());
  const message = await failure(server, {});
  expect(message).toContain('the server is a node of Redis Cluster; name the nodes with the option "cluster"');
});

testWithServer('a cluster without a server for all slots is refused when the time for the start is over', async () => {
  const server = keep(await RedisServer.startClusterNode());
  await server.admin((send) => send('CLUSTER', 'ADDSLOTSRANGE', '0', '9999'));
  const message = await failure(server, { ...clusterOf(server), startTimeoutMs: 500 });
  expect(message).toContain('could not start within 500 ms');
  expect(message).toContain('no server has 6384 of the slots of the cluster');
});

testWithServer('a server that lacks commands is refused with their names', async () => {
  const server = keep(await RedisServer.start('--rename-command', 'SSUBSCRIBE', '', '--rename-command', 'XADD', ''));
  expect(await failure(server, {})).toContain('the server lacks commands: SSUBSCRIBE, XADD');
});

testWithServer('a cluster of which no server answers is refused with all that was tried', async () => {
  const server = keep(await RedisServer.startClusterNode());
  await server.kill();
  const message = await failure(server, { ...clusterOf(server), startTimeoutMs: 500 });
  expect(message).toMatch(/no server of the cluster named the masters \(127\.0\.0\.1:\d+: .*ECONNREFUSED/);
});
