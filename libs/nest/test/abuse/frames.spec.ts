import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { VirtualEnvironment } from '@statewire/testing';

import { TestApplication } from '../support/test-application.js';
import { arenaProviders, authenticate } from '../support/arena-fixture.js';
import { RawWire, rawFrame, rawText } from '../support/raw-wire.js';

const MiB = 1024 * 1024;
const FRAME_BYTES = 64 * 1024;
/** The maximum number of fragments that ws accepts in one message. */
const MAX_FRAGMENTS = 16 * 1024;
/** Twice what one connection may send in a second. */
const BURST = 40;
/** The number of rejected frames that closes a connection. */
const REJECTED_FRAMES = 100;

let arena: TestApplication;

beforeAll(async () => {
  arena = await TestApplication.start({
    // The clock does not advance, so no token bucket refills on a slow machine.
    clock: new VirtualEnvironment(),
    realtime: { authenticate, limits: { connections: { pendingPerAddress: 0 } } },
    providers: arenaProviders,
  });
});

afterAll(() => arena.close());

let actions = 0;
const action = (data: unknown) => JSON.stringify({ type: 'action', id: `${actions++}`, name: 'double', data });

describe('A6: a message above the limit is rejected with 1009', () => {
  test.each([
    ['one byte more', FRAME_BYTES + 1],
    ['a megabyte', MiB],
    ['a gigabyte', 1024 * MiB],
    ['the largest length', Number.MAX_SAFE_INTEGER],
  ])('when its header arrives, without buffering its payload: %s', async (_, announced) => {
    const wires = await Promise.all(Array.from({ length: 8 }, () => RawWire.welcomed(arena.port)));
    const head = rawFrame({ announced, payload: '{' });
    const allocations = jest.spyOn(Buffer, 'allocUnsafe');
    for (const wire of wires) wire.write(head);
    expect(await Promise.all(wires.map((wire) => wire.closeCode()))).toEqual(wires.map(() => 1009));
    expect(allocations.mock.calls.filter(([size]) => size > FRAME_BYTES)).toEqual([]);
    allocations.mockRestore();
    for (const wire of wires) wire.destroy();
  });

  test('when its fragments exceed the limit together', async () => {
    const wire = await RawWire.welcomed(arena.port);
    const piece = 'x'.repeat(FRAME_BYTES / 2);
    wire.write(rawFrame({ fin: false, payload: piece }));
    wire.write(rawFrame({ fin: false, opcode: 0, payload: piece }));
    wire.write(rawFrame({ opcode: 0, payload: 'x' }));
    expect(await wire.closeCode()).toBe(1009);
    wire.destroy();
  });

  test('and a message of exactly the limit is accepted', async () => {
    const wire = await RawWire.welcomed(arena.port);
    const text = action({ n: 4 });
    wire.write(rawFrame({ payload: text + ' '.repeat(FRAME_BYTES - text.length) }));
    await wire.until((text) => text.includes('"n":8'));
    wire.destroy();
  });
});

describe('A7: a message in small fragments', () => {
  test.each([
    ['of one byte', 'x'],
    ['without payload', ''],
  ])('is accepted with 16,384 fragments %s, and rejected at the next one', async (_, payload) => {
    for (const [fragments, code] of [
      [MAX_FRAGMENTS, undefined],
      [MAX_FRAGMENTS + 1, 1008],
    ] as const) {
      const wire = await RawWire.welcomed(arena.port);
      const rest = rawFrame({ fin: false, opcode: 0, payload });
      wire.write(rawFrame({ fin: false, payload: '"' }));
      wire.write(Buffer.concat(Array.from({ length: fragments - 1 }, () => rest)));
      wire.write(rawFrame({ opcode: 9, payload: 'read' }));
      if (code === undefined) await wire.until((text) => text.includes('read'));
      else expect(await wire.closeCode()).toBe(code);
      wire.destroy();
    }
  });

  test('with one byte per write is accepted when it is complete, and delays no other client', async () => {
    const [wire, other] = await Promise.all([RawWire.welcomed(arena.port), arena.welcome()]);
    for (const byte of rawFrame({ payload: action({ n: 21 }) })) {
      wire.write(Buffer.from([byte]));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await other.roundTrip();
    await wire.until((text) => text.includes('"n":42'));
    wire.destroy();
  });

  test('is assembled across control frames', async () => {
    const wire = await RawWire.welcomed(arena.port);
    const text = action({ n: 21 });
    wire.write(rawFrame({ fin: false, payload: text.slice(0, 9) }));
    wire.write(rawFrame({ opcode: 9, payload: 'ping' }));
    wire.write(rawFrame({ opcode: 0, payload: text.slice(9) }));
    await wire.until((heard) => heard.includes('"n":42'));
    expect(wire.frames().some(({ opcode, payload }) => opcode === 10 && payload.toString() === 'ping')).toBe(true);
    wire.destroy();
  });
});

describe('A8: an invalid WebSocket frame ends only its own connection', () => {
  test.each<[string, number, Buffer]>([
    ['without a mask', 1002, rawFrame({ masked: false, payload: action({ n: 1 }) })],
    ['compressed without the negotiated extension', 1002, rawFrame({ reserved: 4, payload: action({ n: 1 }) })],
    ['with the second reserved bit set', 1002, rawFrame({ reserved: 2, payload: '{}' })],
    ['with the third reserved bit set', 1002, rawFrame({ reserved: 1, payload: '{}' })],
    ['of a reserved type', 1002, rawFrame({ opcode: 3, payload: '{}' })],
    ['of a reserved control type', 1002, rawFrame({ opcode: 11 })],
    ['a continuation without a first frame', 1002, rawFrame({ opcode: 0, payload: '{}' })],
    [
      'a new message inside a fragmented one',
      1002,
      Buffer.concat([rawFrame({ fin: false, payload: '{' }), rawFrame({ payload: '{}' })]),
    ],
    ['a fragmented control frame', 1002, rawFrame({ opcode: 9, fin: false })],
    ['a control frame that is too long', 1002, rawFrame({ opcode: 9, payload: 'x'.repeat(126) })],
    ['a close frame with half a code', 1002, rawFrame({ opcode: 8, payload: 'x' })],
    ['a close frame with a reserved code', 1002, rawFrame({ opcode: 8, payload: Buffer.from([0x03, 0xed]) })],
    ['text that is not UTF-8', 1007, rawFrame({ payload: Buffer.from([0x22, 0xc3, 0x28, 0x22]) })],
    ['text with half a surrogate', 1007, rawFrame({ payload: Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]) })],
  ])('%s', async (_, code, bytes) => {
    const [wire, other] = await Promise.all([RawWire.welcomed(arena.port), arena.welcome()]);
    wire.write(bytes);
    expect(await wire.closeCode()).toBe(code);
    await other.roundTrip();
    wire.destroy();
    await other.close();
  });

  test('a binary message gets a bad_request error', async () => {
    const wire = await RawWire.welcomed(arena.port);
    wire.write(rawFrame({ opcode: 2, payload: action({ n: 1 }) }));
    await wire.until((text) => text.includes('The message is binary'));
    wire.destroy();
  });

  test('compression is never negotiated', async () => {
    const offer = 'Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits, x-webkit-deflate-frame';
    const wire = await RawWire.upgraded(arena.port, [offer]);
    expect(wire.text).not.toMatch(/sec-websocket-extensions/i);
    wire.destroy();
  });
});

describe('A8: a flood of 10,000 control frames', () => {
  const flood = (frame: Buffer) => Buffer.concat(Array.from({ length: 10_000 }, () => frame));
  const ways: readonly (() => Promise<RawWire>)[] = [
    () => RawWire.upgraded(arena.port),
    () => RawWire.welcomed(arena.port),
  ];

  test.each([
    ['unsolicited pongs of WebSocket', rawFrame({ opcode: 10 }), 0],
    ['pings of Statewire', rawText({ type: 'ping' }), BURST],
    ['pongs of Statewire', rawText({ type: 'pong' }), 0],
  ])('is closed with 4100: %s', async (_, frame, answers) => {
    for (const open of ways) {
      const wire = await open();
      wire.write(flood(frame));
      expect(await wire.closeCode()).toBe(4100);
      expect(wire.frames().filter(({ payload }) => payload.includes('"pong"'))).toHaveLength(answers);
      wire.destroy();
    }
  });

  test('is closed even if the client reads the answers: pings', async () => {
    for (const open of ways) {
      const wire = await open();
      wire.write(flood(rawFrame({ opcode: 9, payload: 'x'.repeat(125) })));
      await wire.end();
      // The last answers may be lost where the server resets the connection.
      const answers = wire.frames().filter(({ opcode }) => opcode === 10);
      expect(answers.length).toBeLessThanOrEqual(BURST + REJECTED_FRAMES);
    }
  });
});
