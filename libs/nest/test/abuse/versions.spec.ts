import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { TestApplication, type Platform } from '../support/test-application.js';
import { exchangeRaw, handshake, head, RawWire } from '../support/raw-wire.js';
import { send } from '../support/transports.js';

describe.each<Platform>(['express', 'fastify'])('A3: on %s', (platform) => {
  let arena: TestApplication;

  beforeAll(async () => {
    arena = await TestApplication.start({ platform });
  });

  afterAll(() => arena.close());

  /** The handshake with one line replaced or removed. */
  const changed = (name: string, line?: string) =>
    handshake(arena.port).flatMap((text) => (text.startsWith(name) ? (line === undefined ? [] : [line]) : [text]));

  test.each<[string, string, string | undefined, number]>([
    ['an old version', 'Sec-WebSocket-Version', 'Sec-WebSocket-Version: 7', 400],
    ['a future version', 'Sec-WebSocket-Version', 'Sec-WebSocket-Version: 14', 400],
    ['several versions', 'Sec-WebSocket-Version', 'Sec-WebSocket-Version: 13, 14', 400],
    ['no version', 'Sec-WebSocket-Version', undefined, 400],
    ['no key', 'Sec-WebSocket-Key', undefined, 400],
    ['a key of another length', 'Sec-WebSocket-Key', 'Sec-WebSocket-Key: AAAA', 400],
    ['another protocol to switch to', 'Upgrade:', 'Upgrade: h2c', 400],
    ['another subprotocol', 'Upgrade:', 'Upgrade: websocket\r\nSec-WebSocket-Protocol: statewire.v2.json', 400],
    ['the subprotocol in capitals', 'Upgrade:', 'Upgrade: websocket\r\nSec-WebSocket-Protocol: STATEWIRE.V1.JSON', 400],
    [
      'a subprotocol that begins like the right one',
      'Upgrade:',
      'Upgrade: websocket\r\nSec-WebSocket-Protocol: statewire.v1.json.evil',
      400,
    ],
    ['an empty subprotocol header', 'Upgrade:', 'Upgrade: websocket\r\nSec-WebSocket-Protocol: ', 400],
    [
      'the subprotocol twice',
      'Upgrade:',
      'Upgrade: websocket\r\nSec-WebSocket-Protocol: statewire.v1.json, statewire.v1.json',
      400,
    ],
  ])('an upgrade with %s is rejected with an answer', async (_, name, line, status) => {
    expect(await exchangeRaw(arena.port, head(changed(name, line)))).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(arena.connections.list()).toEqual([]);
  });

  test('the server chooses its subprotocol from several, and none without an offer', async () => {
    const offered = await RawWire.upgraded(arena.port, ['Sec-WebSocket-Protocol: graphql-ws, statewire.v1.json']);
    expect(offered.text).toMatch(/Sec-WebSocket-Protocol: statewire\.v1\.json\r\n/);
    const bare = await RawWire.upgraded(arena.port);
    expect(bare.text).not.toMatch(/Sec-WebSocket-Protocol/);
    offered.destroy();
    bare.destroy();
  });

  test.each(['0', '2', '1.0', '1, 2', 'v1', '-1', '١'])(
    'a request of version %s is rejected on every path',
    async (version) => {
      for (const path of ['/realtime/config', '/realtime/snapshot?topic=a']) {
        const headers = { 'statewire-version': Buffer.from(version).toString('latin1') };
        expect(await send(arena, { path, headers })).toMatchObject({ status: 400, json: { code: 'bad_request' } });
      }
    },
  );
});
