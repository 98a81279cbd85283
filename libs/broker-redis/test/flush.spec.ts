import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { TopicMessage } from '@statewire/nest';

import { RedisServer, skipReason, withAdmin } from '@statewire/verification/servers';
import { startNode, type RedisNode } from './support/test-node.js';

const describeWithServer = skipReason === undefined ? describe : describe.skip;

describeWithServer('a server that is flushed', () => {
  let server: RedisServer;
  let node: RedisNode;

  beforeAll(async () => {
    server = await RedisServer.start();
    node = await startNode(server.url);
  });

  afterAll(async () => {
    await node.dispose();
    await server.dispose();
  });

  test('tells the listeners of a topic without a publication since they listen', async () => {
    const { broker } = node;
    const { epoch } = await broker.publish('lobby', { kind: 'state', id: 'a', data: '1' });
    const told = new Promise<TopicMessage>((resolve) => void broker.listen('lobby', resolve));
    await broker.members('lobby');
    await withAdmin(server.url, (send) => send('FLUSHALL'));
    await broker.publish('elsewhere', { kind: 'events', id: 'b', data: '1' });
    const message = await told;
    expect(message).toMatchObject({ type: 'resumed', position: { epoch: expect.any(String), offset: 0 } });
    expect(message).not.toMatchObject({ position: { epoch } });
  });
});
