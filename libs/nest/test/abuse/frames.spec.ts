import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { TestApplication } from '../../src/testing/test-application.js';
import { arenaProviders, authenticate } from '../arena.fixture.js';
import { RawWire, rawFrame, rawText } from '../../src/testing/raw-wire.js';

const MiB = 1024 * 1024;
const FRAME_BYTES = 64 * 1024;

let arena: TestApplication;

beforeAll(async () => {
  arena = await TestApplication.start({
    realtime: { authenticate, limits: { pendingPerAddress: 0 } },
    providers: arenaProviders,
  });
});

afterAll(() => arena.close());

/** Bytes of buffers of this process, which is the server's and the test's. */
function buffers(): number {
  return process.memoryUsage().arrayBuffers;
}

let actions = 0;
const action = (data: unknown) => JSON.stringify({ type: 'action', id: `${actions++}`, name: 'double', data });

describe('A6: a message above the limit is refused with 1009', () => {
  test.each([
    ['one byte more', FRAME_BYTES + 1],
    ['a megabyte', MiB],
    ['a gigabyte', 1024 * MiB],
    ['all that a length can say', Number.MAX_SAFE_INTEGER],
  ])('as soon as its head says so, and nothing is kept for it: %s', async (_, announced) => {
    const wires = await Promise.all(Array.from({ length: 8 }, () => RawWire.welcomed(arena.port)));
    const before = buffers();
    const head = rawFrame({ announced, payload: '{' });
    for (const wire of wires) wire.write(head);
    expect(await Promise.all(wires.map((wire) => wire.closeCode()))).toEqual(wires.map(() => 1009));
    // Less than one of the eight, had any been given room.
    expect(buffers() - before).toBeLessThan(MiB);
    for (const wire of wires) wire.destroy();
  });

  test('where its fragments add up to it', async () => {
    const wire = await RawWire.welcomed(arena.port);
    const piece = 'x'.repeat(FRAME_BYTES / 2);
    wire.write(rawFrame({ fin: false, payload: piece }));
    wire.write(rawFrame({ fin: false, opcode: 0, payload: piece }));
    wire.write(rawFrame({ opcode: 0, payload: 'x' }));
    expect(await wire.closeCode()).toBe(1009);
    wire.destroy();
  });

  test('and one of exactly the limit is read', async () => {
    const wire = await RawWire.welcomed(arena.port);
    const text = action({ n: 4 });
    wire.write(rawFrame({ payload: text + ' '.repeat(FRAME_BYTES - text.length) }));
    await wire.until((text) => text.includes('"n":8'));
    wire.destroy();
  });
});

describe('A7: a message in tiny pieces', () => {
  test('of 100,000 fragments of one byte is refused while it arrives, and costs little', async () => {
    const wire = await RawWire.welcomed(arena.port);
    const rest = rawFrame({ fin: false, opcode: 0, payload: 'x' });
    const before = process.memoryUsage().rss;
    wire.write(rawFrame({ fin: false, payload: '"' }));
    wire.write(Buffer.concat(Array.from({ length: 100_000 }, () => rest)));
    expect(await wire.closeCode()).toBe(1008);
    expect(process.memoryUsage().rss - before).toBeLessThan(32 * MiB);
    wire.destroy();
  });

  test('of 100,000 empty fragments is refused as well', async () => {
    const wire = await RawWire.welcomed(arena.port);
    const rest = rawFrame({ fin: false, opcode: 0 });
    wire.write(rawFrame({ fin: false }));
    wire.write(Buffer.concat(Array.from({ length: 100_000 }, () => rest)));
    expect(await wire.closeCode()).toBe(1008);
    wire.destroy();
  });

  test('of a byte for each write is read when it is whole, and nobody else waits for it', async () => {
    const [wire, other] = await Promise.all([RawWire.welcomed(arena.port), arena.welcome()]);
    for (const byte of rawFrame({ payload: action({ n: 21 }) })) {
      wire.write(Buffer.from([byte]));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await other.roundTrip();
    await wire.until((text) => text.includes('"n":42'));
    wire.destroy();
  });

  test('is put together from fragments between which control frames come', async () => {
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

describe('A8: a frame that WebSocket forbids ends its connection alone', () => {
  test.each<[string, number, Buffer]>([
    ['that is not masked', 1002, rawFrame({ masked: false, payload: action({ n: 1 }) })],
    ['compressed, and no compression was agreed', 1002, rawFrame({ reserved: 4, payload: action({ n: 1 }) })],
    ['with the second reserved bit', 1002, rawFrame({ reserved: 2, payload: '{}' })],
    ['with the third reserved bit', 1002, rawFrame({ reserved: 1, payload: '{}' })],
    ['of a reserved type', 1002, rawFrame({ opcode: 3, payload: '{}' })],
    ['of a reserved control type', 1002, rawFrame({ opcode: 11 })],
    ['that continues nothing', 1002, rawFrame({ opcode: 0, payload: '{}' })],
    [
      'that begins where another has not ended',
      1002,
      Buffer.concat([rawFrame({ fin: false, payload: '{' }), rawFrame({ payload: '{}' })]),
    ],
    ['of control in fragments', 1002, rawFrame({ opcode: 9, fin: false })],
    ['of control that is too long', 1002, rawFrame({ opcode: 9, payload: 'x'.repeat(126) })],
    ['that closes with half a code', 1002, rawFrame({ opcode: 8, payload: 'x' })],
    ['that closes with a code nobody may send', 1002, rawFrame({ opcode: 8, payload: Buffer.from([0x03, 0xed]) })],
    ['of text that is not UTF-8', 1007, rawFrame({ payload: Buffer.from([0x22, 0xc3, 0x28, 0x22]) })],
    ['with half a surrogate', 1007, rawFrame({ payload: Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]) })],
  ])('%s', async (_, code, bytes) => {
    const [wire, other] = await Promise.all([RawWire.welcomed(arena.port), arena.welcome()]);
    wire.write(bytes);
    expect(await wire.closeCode()).toBe(code);
    await other.roundTrip();
    wire.destroy();
    await other.close();
  });

  test('of binary is answered, as a bad frame', async () => {
    const wire = await RawWire.welcomed(arena.port);
    wire.write(rawFrame({ opcode: 2, payload: action({ n: 1 }) }));
    await wire.until((text) => text.includes('not a binary one'));
    wire.destroy();
  });

  test('compression is not agreed on, whatever is offered', async () => {
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
    ['pongs nobody asked for', rawFrame({ opcode: 10 })],
    ['pings of the protocol', rawText({ type: 'ping' })],
    ['pongs of the protocol', rawText({ type: 'pong' })],
  ])('is cut off with 4100: %s', async (_, frame) => {
    for (const open of ways) {
      const wire = await open();
      wire.write(flood(frame));
      expect(await wire.closeCode()).toBe(4100);
      expect(wire.frames().filter(({ payload }) => payload.includes('"pong"')).length).toBeLessThanOrEqual(41);
      wire.destroy();
    }
  });

  test('is cut off whatever is read of the answers: pings', async () => {
    for (const open of ways) {
      const wire = await open();
      wire.write(flood(rawFrame({ opcode: 9, payload: 'x'.repeat(125) })));
      await wire.end();
      expect(wire.frames().filter(({ opcode }) => opcode === 10).length).toBeLessThanOrEqual(140);
    }
  });
});
