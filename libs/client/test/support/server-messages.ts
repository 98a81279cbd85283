import { corrupt, VirtualEnvironment } from '@statewire/testing';
import fc from 'fast-check';

import { battle, battleAt, notices } from './bench.js';

/** Invalid values and limits for the fields of frames. */
const WRONG: readonly unknown[] = [
  ...[null, true, '', 'x'.repeat(300), -1, 0.5, 2 ** 53, 1e308, [], {}, [[]], 'oldest', 'a//b', '\ud800'],
  ...['__proto__', 'constructor', 'toString', { '=__proto__': { polluted: true } }, { '>constructor': { '=x': 1 } }],
];

/** Frames of a server for {@link battle} and {@link notices}, near their positions. */
function framesAt(epoch: string, offset: number): readonly object[] {
  const topic = battle.name;
  return [
    { type: 'subscribed', topic, kind: 'state', epoch, offset, recovered: true, ref: '1' },
    { type: 'subscribed', topic, kind: 'state', epoch: 'another', offset, recovered: false },
    { type: 'snapshot', topic, epoch, offset: offset + 1, data: battleAt(90) },
    {
      type: 'patch',
      topic,
      from: offset,
      offset: offset + 1,
      delta: { '=tick': 91, '>heroes': { '>0': { '=hp': 1 } } },
    },
    { type: 'patch', topic, from: offset - 1, offset: offset + 5, delta: { '~0': [1] } },
    { type: 'event', topic: notices.name, offset: offset + 1, data: 'an event' },
    { type: 'subscribed', topic, kind: 'state', epoch, offset, recovered: true, staleSince: 5 },
    { type: 'stale', since: 5, topics: [topic, notices.name] },
    { type: 'fresh', topics: [topic] },
    { type: 'unsubscribed', topic, code: 'requested' },
    { type: 'ack', id: 'virtual-id-00000000000000000003', data: 1, positions: [{ topic, epoch, offset }] },
    { type: 'error', code: 'internal', message: 'm', temporary: true, retryAfter: 5, topic },
    { type: 'authenticated', expiresAt: 5, ref: '7' },
    { type: 'ping', time: 1 },
    { type: 'pong', time: 1 },
  ];
}

export interface Garbage {
  readonly index: number;
  readonly seed: number;
  readonly key: number;
  readonly wrong: unknown;
  readonly how: 'corrupted' | 'misshapen' | 'cut' | 'bytes';
}

export const garbage: fc.Arbitrary<Garbage> = fc.record({
  index: fc.nat(),
  seed: fc.nat(),
  key: fc.nat(),
  wrong: fc.constantFrom(...WRONG, undefined),
  how: fc.constantFrom('corrupted', 'misshapen', 'cut', 'bytes'),
});

/** The text of a recipe for topics at this position. */
export function textOf({ index, seed, key, wrong, how }: Garbage, epoch: string, offset: number): string {
  const frames = framesAt(epoch, offset);
  const frame = frames[index % frames.length]!;
  const { random } = new VirtualEnvironment({ seed });
  const text = JSON.stringify(frame);
  const keys = Object.keys(frame);
  switch (how) {
    case 'corrupted':
      return new TextDecoder().decode(corrupt(new TextEncoder().encode(text), random));
    case 'misshapen':
      return JSON.stringify({ ...frame, [keys[key % keys.length]!]: wrong });
    case 'cut':
      return text.slice(0, seed % text.length);
    case 'bytes':
      return String.fromCharCode(...Array.from({ length: seed % 40 }, () => Math.floor(random() * 0x10000)));
  }
}
