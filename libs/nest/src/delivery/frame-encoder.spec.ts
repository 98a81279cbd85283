import { describe, expect, test } from '@jest/globals';

import { encodeFrame, encodeText } from './frame-encoder.js';

/** Parses one unmasked text message by RFC 6455 §5.2, without code of this package. */
function decode(message: Buffer): { text: string; header: number } {
  expect(message[0]).toBe(0x81);
  const short = message[1]!;
  expect(short & 0x80).toBe(0);
  const header = short < 126 ? 2 : short === 126 ? 4 : 10;
  const length = short < 126 ? short : short === 126 ? message.readUInt16BE(2) : Number(message.readBigUInt64BE(2));
  expect(message).toHaveLength(header + length);
  return { text: message.toString('utf8', header), header };
}

describe('an encoded frame', () => {
  test.each([
    [0, 2],
    [125, 2],
    [126, 4],
    [65_535, 4],
    [65_536, 10],
    [200_000, 10],
  ])('of %i bytes has a header of %i', (length, header) => {
    const text = 'x'.repeat(length);
    const frame = encodeText(text);
    expect(frame.size).toBe(length + header);
    expect(decode(frame.message)).toEqual({ text, header });
  });

  test('counts bytes, not characters', () => {
    const text = '"é€😀"'.repeat(30);
    const frame = encodeText(text);
    expect(frame.size).toBe(frame.message.length);
    expect(decode(frame.message).text).toBe(text);
  });

  test('is encoded once', () => {
    const frame = encodeFrame({ type: 'ping', time: 5 });
    expect(frame.text).toBe('{"type":"ping","time":5}');
    expect(frame.message).toBe(frame.message);
  });
});
