import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { VirtualEnvironment } from '@statewire/testing';

import { untilTrue } from '../support/event-loop-turn.js';
import { rawFrame, rawText, RawWire } from '../support/raw-wire.js';
import { ServerSockets } from '../support/server-sockets.js';
import { TestApplication, type Platform } from '../support/test-application.js';
import { ConnectionHub } from '../../src/websocket/connection-hub.js';
import { arenaProviders, authenticate } from '../support/arena-fixture.js';
import { LATE_BODIES, LATE_HEADS, playLateHead } from '../support/late-clients.js';

const PLATFORMS: readonly Platform[] = ['express', 'fastify'];
const HEADERS_TIMEOUT = 500;
/** The interval in which Node checks for late heads. */
const NODE_CHECKS_EVERY = 1_000;
const BODY_TIMEOUT = 10_000;
const HELLO_TIMEOUT = 5_000;
const HEARTBEAT = { interval: 30_000, timeout: 10_000 };
const HELLO = { type: 'hello', clientId: 'client-0123456789abcdef' };

describe.each(PLATFORMS)(
  'A4: on %s with 500 ms for a request head, the server disconnects a client that',
  (platform) => {
    let arena: TestApplication;

    beforeAll(async () => {
      arena = await TestApplication.start({
        platform,
        realtime: { limits: { timeouts: { headMs: HEADERS_TIMEOUT } } },
      });
    });

    afterAll(() => arena.close());

    test.concurrent.each(LATE_HEADS)('$name', async (client) => {
      const { took, told } = await playLateHead(arena.port, client);
      expect(told).toMatch(/^HTTP\/1\.1 408 /);
      expect(took).toBeLessThan(10 * (HEADERS_TIMEOUT + NODE_CHECKS_EVERY));
    });

    test.concurrent('sends a head letter by letter after an answered request', async () => {
      const wire = await RawWire.open(arena.port);
      wire.write('GET /realtime/config HTTP/1.1\r\nHost: a\r\n\r\n');
      await wire.until((text) => text.includes('"actionWindow"'));
      wire.write('GET /realtime/config HTTP/1.1\r\nX: ');
      const trickle = setInterval(() => wire.write('x'), 100);
      expect(await wire.rest()).toContain('HTTP/1.1 408 ');
      clearInterval(trickle);
    });
  },
);

describe.each(PLATFORMS)('with the default limits on %s', (platform) => {
  let arena: TestApplication;
  let clock: VirtualEnvironment;
  let sockets: ServerSockets;

  beforeEach(async () => {
    clock = new VirtualEnvironment();
    arena = await TestApplication.start({ platform, clock, realtime: { authenticate }, providers: arenaProviders });
    sockets = new ServerSockets(arena);
  });

  afterEach(() => arena.close());

  /** Advances the time in ten steps. The client repeats the bytes in each step. */
  async function trickle(wire: RawWire, ms: number, bytes: Buffer | string): Promise<void> {
    for (let part = 0; part < 10; part++) {
      wire.write(bytes);
      await sockets.received(wire);
      await clock.advance(ms / 10);
    }
  }

  test.each(LATE_BODIES)('A4: a client that $name is rejected after 10 s', async ({ first, repeated: bytes = '' }) => {
    const requested = new Promise((resolve) => arena.app.getHttpServer().once('request', resolve));
    const wire = await RawWire.open(arena.port);
    wire.write(first);
    await requested;
    await trickle(wire, BODY_TIMEOUT - 10, bytes);
    await clock.advance(9);
    expect(wire.text).toBe('');
    await clock.advance(1);
    expect(await wire.rest()).toMatch(/^HTTP\/1\.1 400 [^]*within 10000 ms/);
  });

  const neverHello: readonly (readonly [string, Buffer | string])[] = [
    ['says nothing', ''],
    ['sends half a frame', rawText(HELLO).subarray(0, 20)],
    ['sends a head that announces more than comes', rawFrame({ announced: 60_000, payload: '{' })],
    ['sends fragments without an end', rawFrame({ fin: false, payload: '{"type":' })],
    [
      'sends empty fragments without an end',
      Buffer.concat([rawFrame({ fin: false }), rawFrame({ fin: false, opcode: 0 })]),
    ],
    ['sends everything but hello', rawText({ type: 'ping' })],
  ];
  const silent: readonly (readonly [string, Buffer | string])[] = [
    ['falls silent', ''],
    ['sends half a frame', rawText({ type: 'ping' }).subarray(0, 5)],
  ];

  test('A5: closes a WebSocket without hello with 4001 after 5 s, whatever else it sends', async () => {
    const wires = await Promise.all(neverHello.map(() => RawWire.upgraded(arena.port)));
    for (const [index, wire] of wires.entries()) wire.write(neverHello[index]![1]);
    await Promise.all(wires.map((wire) => sockets.received(wire)));
    await clock.advance(HELLO_TIMEOUT - 1);
    expect(arena.get(ConnectionHub).size).toBe(wires.length);
    await clock.advance(1);
    expect(await Promise.all(wires.map((wire) => wire.closeCode()))).toEqual(wires.map(() => 4001));
    for (const wire of wires) wire.destroy();
  });

  test('A5: closes a silent WebSocket after interval and timeout of the heartbeat', async () => {
    const wires = await Promise.all(silent.map(() => RawWire.welcomed(arena.port)));
    for (const [index, wire] of wires.entries()) wire.write(silent[index]![1]);
    await Promise.all(wires.map((wire) => sockets.received(wire)));
    await clock.advance(HEARTBEAT.interval + HEARTBEAT.timeout);
    expect(await Promise.all(wires.map((wire) => wire.closeCode()))).toEqual(wires.map(() => 4200));
    for (const wire of wires) wire.destroy();
  });

  test('A5: closes a WebSocket that sends one frame byte by byte, because only frames count as activity', async () => {
    const wire = await RawWire.welcomed(arena.port);
    wire.write(rawFrame({ announced: 60_000, payload: '' }));
    await trickle(wire, HEARTBEAT.interval + HEARTBEAT.timeout, 'x');
    expect(await wire.closeCode()).toBe(4200);
    wire.destroy();
  });

  test('A5: drops a closed WebSocket that does not answer the closing handshake', async () => {
    const wire = await RawWire.upgraded(arena.port);
    await clock.advance(HELLO_TIMEOUT);
    await wire.until(() => wire.frames().some(({ opcode }) => opcode === 8));
    wire.destroy();
    await untilTrue(() => arena.get(ConnectionHub).size === 0);
  });
});
