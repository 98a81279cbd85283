import { corrupt, VirtualEnvironment } from '@statewire/testing';
import fc from 'fast-check';

import { CLIENT_ID } from './connection-rig.js';

/** Each client frame with all its fields. */
const CLIENT_FRAMES: readonly object[] = [
  { type: 'hello', clientId: CLIENT_ID, token: 'secret' },
  { type: 'authenticate', token: 'secret', ref: 'r1' },
  {
    type: 'subscribe',
    topics: [{ topic: 'rooms/1' }, { topic: 'rooms/2', since: { epoch: 'e1', offset: 3 } }],
    ref: 'r2',
  },
  { type: 'subscribe', topics: [{ topic: 'logs/a', since: 'oldest' }] },
  { type: 'unsubscribe', topics: ['rooms/1', 'rooms/3'], ref: 'r3' },
  { type: 'action', id: 'a1', name: 'rooms/say', data: { text: 'hello', list: [1, { deep: [null, true] }] } },
  { type: 'action', id: 'a2', name: 'parallel/act' },
  { type: 'ping', time: 5 },
  { type: 'pong', time: 5 },
];

/** Invalid values and limits for the fields of frames. */
const WRONG: readonly unknown[] = [
  ...[null, true, '', 'x'.repeat(300), -1, 0.5, -0, 2 ** 53, 1e308, [], {}, [[]], 'oldest', 'a//b', '..', '\ud800'],
  ...['__proto__', 'constructor', 'toString', { epoch: 'e1' }, { epoch: 'e1', offset: -1 }, [{ topic: '__proto__' }]],
];

/** Bytes after random edits. */
export function corrupted(texts: readonly string[]): fc.Arbitrary<Buffer> {
  return fc
    .tuple(fc.constantFrom(...texts), fc.nat())
    .map(([text, seed]) => Buffer.from(corrupt(Buffer.from(text), new VirtualEnvironment({ seed }).random)));
}

/** A frame with a changed, missing or repeated field. */
export function misshapen(frames: readonly object[]): fc.Arbitrary<string> {
  const place = fc
    .constantFrom(...frames)
    .chain((frame) => fc.tuple(fc.constant(frame), fc.constantFrom(...Object.keys(frame))));
  return fc.tuple(place, fc.constantFrom(...WRONG, undefined), fc.boolean()).map(([[frame, key], value, twice]) => {
    const text = JSON.stringify({ ...frame, [key]: value });
    return twice
      ? `{${JSON.stringify(key)}:${JSON.stringify(value) ?? 'null'},${JSON.stringify(frame).slice(1)}`
      : text;
  });
}

/** Any message of a socket. */
export const clientMessage: fc.Arbitrary<Buffer> = fc.oneof(
  { arbitrary: fc.constantFrom(...CLIENT_FRAMES).map((frame) => Buffer.from(JSON.stringify(frame))), weight: 2 },
  { arbitrary: corrupted(CLIENT_FRAMES.map((frame) => JSON.stringify(frame))), weight: 4 },
  { arbitrary: misshapen(CLIENT_FRAMES).map((text) => Buffer.from(text)), weight: 4 },
  { arbitrary: fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)), weight: 1 },
  { arbitrary: fc.nat(100).map((levels) => Buffer.from('['.repeat(levels))), weight: 1 },
);
