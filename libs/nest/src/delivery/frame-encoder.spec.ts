import { describe, expect, test } from '@jest/globals';

import { FRAME_KINDS } from '../core/counters.js';
import { encodeFrame, encodeText, isReadable, TopicFrames } from './frame-encoder.js';

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

describe('the frames of a topic', () => {
  const frames = new TopicFrames('lists/"1"', 'state');
  const position = { epoch: 'e', offset: 3 };
  const parsed = ({ text }: { text: string }): unknown => JSON.parse(text);

  test('have the members of the protocol', () => {
    const topic = 'lists/"1"';
    const subscribed = { type: 'subscribed', topic, kind: 'state', ...position, recovered: true };
    expect(parsed(frames.subscribed(position, true))).toEqual(subscribed);
    expect(parsed(frames.subscribed(position, true, 'r'))).toEqual({ ...subscribed, ref: 'r' });
    expect(parsed(frames.snapshot(position, '[1]', 9))).toEqual({
      ...{ type: 'snapshot', topic, ...position, data: [1], time: 9 },
    });
    expect(parsed(frames.patch(3, '{"=a":1}', 9))).toEqual({
      ...{ type: 'patch', topic, from: 2, offset: 3, delta: { '=a': 1 }, time: 9 },
    });
    expect(parsed(frames.event(3, '"x"', 9))).toEqual({ type: 'event', topic, offset: 3, data: 'x', time: 9 });
  });

  test('are readable for readers that know all operations of a patch', () => {
    const both = frames.patch(3, '{"~a":{"+":"x"},"~b":{"<0":[1]}}', 9);
    expect(both.kind).toBe(FRAME_KINDS.patch);
    expect(isReadable(both, ['move', 'append'])).toBe(true);
    expect(isReadable(both, ['move'])).toBe(false);
    expect(isReadable(both, ['append'])).toBe(false);
    expect(both.requires).toBe(both.requires);
    expect(isReadable(frames.snapshot(position, '{"<0":[1]}', 9), [])).toBe(true);
  });
});
