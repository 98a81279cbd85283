import { describe, expect, test } from '@jest/globals';

import { serverFrame } from '../websocket-frame.js';
import { FrameReader } from './frame-reader.js';

const TEXTS = ['', 'small', 'x'.repeat(125), 'y'.repeat(126), 'z'.repeat(65_535), 'ü'.repeat(40_000)];

/** The messages of a stream that arrives in chunks of some bytes. */
function read(chunkBytes: number, reads: (length: number) => boolean): (readonly [number, string | undefined])[] {
  const messages: (readonly [number, string | undefined])[] = [];
  const reader = new FrameReader({ reads, onMessage: (length, text) => messages.push([length, text]) });
  const stream = Buffer.concat(TEXTS.map(serverFrame));
  // One piece of memory for all chunks, as the sockets of the load process have it.
  const memory = Buffer.alloc(chunkBytes);
  for (let at = 0; at < stream.length; at += chunkBytes) {
    reader.read(memory.subarray(0, stream.copy(memory, 0, at, at + chunkBytes)));
  }
  return messages;
}

describe('the reader of frames', () => {
  test.each([1, 2, 3, 7, 1_000, 1_000_000])('finds every message in chunks of %i bytes', (chunkBytes) => {
    expect(read(chunkBytes, () => true)).toEqual(TEXTS.map((text) => [Buffer.byteLength(text), text]));
  });

  test('reads small messages only, if nothing else is asked for', () => {
    const texts = read(1_000, () => false).map(([, text]) => text);
    expect(texts).toEqual(['', 'small', undefined, undefined, undefined, undefined]);
  });
});
