import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { TestApplication, type Platform } from '../../src/testing/test-application.js';
import { arenaProviders, authenticate } from '../arena.fixture.js';
import { RawWire, rawFrame, rawText } from '../../src/testing/raw-wire.js';
import { LATE_HEADS, playLate } from './late-clients.js';

const HELLO = { type: 'hello', clientId: 'client-0123456789abcdef' };

describe.each<Platform>(['express', 'fastify'])('A4: on %s, with 500 ms for a head, a client that', (platform) => {
  let arena: TestApplication;

  beforeAll(async () => {
    arena = await TestApplication.start({ platform, realtime: { limits: { headersTimeout: 500 } } });
  });

  afterAll(() => arena.close());

  test.concurrent.each(LATE_HEADS)('$name is cut off', async (client) => {
    const { took, told } = await playLate(arena.port, client, 100);
    expect(told).toMatch(client.told);
    // Node looks once a second.
    expect(took).toBeLessThan(500 + 1_000 + 1_000);
  });

  test.concurrent('was answered once, and then sends a head letter by letter, is cut off', async () => {
    const wire = await RawWire.open(arena.port);
    wire.write('GET /realtime/config HTTP/1.1\r\nHost: a\r\n\r\n');
    await wire.until((text) => text.includes('"actionWindow"'));
    wire.write('GET /realtime/config HTTP/1.1\r\nX: ');
    const trickle = setInterval(() => wire.write('x'), 100);
    expect(await wire.rest()).toContain('HTTP/1.1 408 ');
    clearInterval(trickle);
  });
});

describe('A5: a WebSocket', () => {
  let arena: TestApplication;

  beforeAll(async () => {
    const realtime = {
      authenticate,
      limits: { helloTimeout: 300 },
      heartbeat: { interval: 300, timeout: 200 },
    };
    arena = await TestApplication.start({ realtime, providers: arenaProviders });
  });

  afterAll(() => arena.close());

  test.concurrent.each([
    ['says nothing', undefined],
    ['sends half a frame', rawText(HELLO).subarray(0, 20)],
    ['sends a head that announces more than comes', rawFrame({ announced: 60_000, payload: '{' })],
    ['sends fragments without an end', rawFrame({ fin: false, payload: '{"type":' })],
    [
      'sends empty fragments without an end',
      Buffer.concat([rawFrame({ fin: false }), rawFrame({ fin: false, opcode: 0 })]),
    ],
    ['sends everything but hello', rawText({ type: 'ping' })],
  ])('that %s before hello is closed with 4001', async (_, bytes) => {
    const wire = await RawWire.upgraded(arena.port);
    const began = performance.now();
    if (bytes !== undefined) wire.write(bytes);
    expect(await wire.closeCode()).toBe(4001);
    expect(performance.now() - began).toBeLessThan(1_500);
    wire.destroy();
  });

  test.concurrent.each([
    ['falls silent', ''],
    ['sends half a frame', rawText({ type: 'ping' }).subarray(0, 5)],
  ])('that %s after hello is given up when the heartbeat says so', async (_, bytes) => {
    const wire = await RawWire.welcomed(arena.port);
    wire.write(bytes);
    const began = performance.now();
    expect(await wire.closeCode()).toBe(4200);
    expect(performance.now() - began).toBeLessThan(1_500);
    wire.destroy();
  });

  test.concurrent(
    'that sends one frame letter by letter is given up as well: bytes of no frame are no sign of life',
    async () => {
      const wire = await RawWire.welcomed(arena.port);
      wire.write(rawFrame({ announced: 60_000, payload: '' }));
      const trickle = setInterval(() => wire.write('x'), 20);
      expect(await wire.closeCode()).toBe(4200);
      clearInterval(trickle);
      await wire.end();
    },
  );

  test('is forgotten when it was cut, also one that does not answer the closing handshake', async () => {
    const wire = await RawWire.upgraded(arena.port);
    await wire.until(() => wire.frames().some(({ opcode }) => opcode === 8));
    wire.destroy();
    while (arena.connections.list().length > 0) await new Promise((resolve) => setImmediate(resolve));
  });
});
