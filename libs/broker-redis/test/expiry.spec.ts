import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { Keys } from '../src/keys.js';
import { RedisServer, skipReason, withAdmin } from '@statewire/verification/servers';
import { changeRecord } from './support/record.js';
import { startNode, type RedisNode } from './support/test-node.js';

const describeWithServer = skipReason === undefined ? describe : describe.skip;

const HISTORY = { count: 100, bytes: 10_000, ageMs: 60_000 };
/** Longer than the test, and shorter than the time for which the server keeps a topic. */
const SHORT_MS = 50_000;

describeWithServer('a topic without readers', () => {
  let server: RedisServer;
  let node: RedisNode;

  beforeAll(async () => {
    server = await RedisServer.start();
    node = await startNode(server.url, { prefix: 'x' }, { history: HISTORY });
  });

  afterAll(async () => {
    await node.dispose();
    await server.dispose();
  });

  test('stays for its whole age after each publication, although they are few', async () => {
    const { record, log } = new Keys('x').topic('lobby');
    await node.broker.publish('lobby', { kind: 'events', id: 'a', data: '1' });
    await withAdmin(server.url, async (send) => {
      await changeRecord(send, record, { t: String(Date.now() - HISTORY.ageMs / 2) });
      for (const key of [record, log]) await send('PEXPIRE', key, String(SHORT_MS));
    });
    await node.broker.publish('lobby', { kind: 'events', id: 'b', data: '2' });
    await withAdmin(server.url, async (send) => {
      for (const key of [record, log]) expect(await send('PTTL', key)).toBeGreaterThan(SHORT_MS);
    });
  });
});
