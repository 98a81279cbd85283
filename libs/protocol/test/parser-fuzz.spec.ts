import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import {
  CLIENT_FRAME_LIMITS,
  ERROR_CODES,
  parseActionRequest,
  parseClientFrame,
  parseConfigResponse,
  parsePollRequest,
  parsePublishRequest,
  parsePollResponse,
  parseServerFrame,
  parseSnapshotResponse,
  ProtocolError,
  type Json,
} from '../src/index.js';
import { jsonValue } from './support/json-arbitrary.js';

const clientId = 'abcdefghijklmnopqrstuv';
const subscribed = { type: 'subscribed', topic: 'a', kind: 'state', epoch: 'e', offset: 1, recovered: false, ref: '1' };
const snapshot = { type: 'snapshot', topic: 'a', epoch: 'e', offset: 1, data: { hp: 1 }, time: 1 };

/** The long tier parses this many times as many texts. */
const TIMES = process.env.STATEWIRE_TEST_TIER === 'full' ? 4 : 1;

interface Parser {
  readonly parse: (text: string) => unknown;
  /** Valid texts, as values. */
  readonly samples: readonly Json[];
}

const PARSERS: Readonly<Record<string, Parser>> = {
  parseClientFrame: {
    parse: (text) => parseClientFrame(text, CLIENT_FRAME_LIMITS),
    samples: [
      { type: 'hello', clientId, token: 't' },
      { type: 'authenticate', token: 't', ref: '1' },
      {
        type: 'subscribe',
        topics: [
          { topic: 'a/b', since: { epoch: 'e', offset: 3 } },
          { topic: 'c', since: 'oldest' },
        ],
      },
      { type: 'unsubscribe', topics: ['a', 'b'], ref: '2' },
      { type: 'action', id: '1', name: 'battles/pause', data: { battleId: '42' }, again: true, age: 7 },
      { type: 'ping', time: 5 },
    ],
  },
  parseServerFrame: {
    parse: (text) => parseServerFrame(text),
    samples: [
      {
        type: 'welcome',
        connectionId: 'c',
        serverTime: 1,
        heartbeat: { interval: 1, timeout: 1 },
        limits: { frameBytes: 1, subscriptions: 1 },
        actionWindow: 1,
        expiresAt: 1,
      },
      subscribed,
      snapshot,
      { type: 'patch', topic: 'a', from: 1, offset: 2, delta: { '=hp': 2 } },
      { type: 'event', topic: 'a', offset: 2, data: [] },
      { type: 'unsubscribed', topic: 'a', code: 'closed' },
      { type: 'stale', since: 1, topics: ['a', 'b/c'] },
      { type: 'fresh', topics: ['a'] },
      { type: 'ack', id: '1', data: 1, positions: [{ topic: 'a', epoch: 'e', offset: 1 }] },
      { type: 'error', code: 'internal', message: 'm', temporary: true, retryAfter: 5, id: '1', topic: 'a', ref: '1' },
      { type: 'drain', reconnectWithin: 5 },
    ],
  },
  parsePollRequest: {
    parse: (text) => parsePollRequest(text, CLIENT_FRAME_LIMITS),
    samples: [{ clientId, topics: [{ topic: 'a', since: { epoch: 'e', offset: 1 } }], wait: 20 }],
  },
  parseActionRequest: {
    parse: (text) => parseActionRequest(text, CLIENT_FRAME_LIMITS),
    samples: [{ clientId, id: '1', name: 'a/b', data: [1], again: true, age: 7 }],
  },
  parsePublishRequest: {
    parse: (text) => parsePublishRequest(text, CLIENT_FRAME_LIMITS),
    samples: [{ topic: 'a/b', data: { hp: 1 } }, { publications: [{ topic: 'a', data: null }] }],
  },
  parsePollResponse: {
    parse: (text) => parsePollResponse(text),
    samples: [{ frames: [subscribed, snapshot], websocket: true, serverTime: 1, more: true }],
  },
  parseConfigResponse: {
    parse: (text) => parseConfigResponse(text),
    samples: [{ websocket: true, poll: { interval: 2000 }, actionWindow: 1 }],
  },
  parseSnapshotResponse: {
    parse: (text) => parseSnapshotResponse(text),
    samples: [
      { kind: 'state', epoch: 'e', offset: 1, data: 1 },
      { kind: 'events', epoch: 'e', offset: 1, events: [{ offset: 1, data: 1 }] },
    ],
  },
};

/** Replaces one nested value by another, or removes its key. */
function altered(sample: Json): fc.Arbitrary<Json> {
  const paths = pathsOf(sample);
  const replacement = fc.oneof(
    jsonValue,
    fc.constant(undefined),
    fc.constantFrom<Json>(-1, 0.5, 2 ** 53, 'oldest', '__proto__', 'x'.repeat(300), 'a//b', '..'),
  );
  return fc
    .tuple(fc.constantFrom(...paths), replacement)
    .map(([path, value]) => replaceAt(sample, path, value) ?? null);
}

function pathsOf(value: Json): string[][] {
  if (typeof value !== 'object' || value === null) return [[]];
  return [[], ...Object.entries(value).flatMap(([key, child]) => pathsOf(child).map((path) => [key, ...path]))];
}

function replaceAt(value: Json, [key, ...rest]: readonly string[], replacement: Json | undefined): Json | undefined {
  if (key === undefined) return replacement;
  const copy = (Array.isArray(value) ? [...(value as Json[])] : { ...(value as object) }) as Record<
    string,
    Json | undefined
  >;
  copy[key] = replaceAt(copy[key] as Json, rest, replacement);
  return copy as Json;
}

describe.each(Object.entries(PARSERS))('%s', (_, { parse, samples }) => {
  /** Checks that a text is rejected with the typed error, or accepted as a value that is accepted again. */
  function takesOrRejects(text: string): void {
    let result: unknown;
    try {
      result = parse(text);
    } catch (error) {
      expect(error).toBeInstanceOf(ProtocolError);
      expect(Object.keys(ERROR_CODES)).toContain((error as ProtocolError).code);
      expect((error as ProtocolError).message.length).toBeLessThan(300);
      return;
    }
    if (result !== undefined) expect(parse(JSON.stringify(result))).toEqual(JSON.parse(JSON.stringify(result)));
  }

  test('accepts its samples', () => {
    for (const sample of samples) expect(parse(JSON.stringify(sample))).toEqual(sample);
  });

  test('F1: throws nothing but a ProtocolError for any text', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 200 }), takesOrRejects), { numRuns: 100 * TIMES });
  });

  test('F1: throws nothing but a ProtocolError for any JSON', () => {
    fc.assert(
      fc.property(
        jsonValue.map((value) => JSON.stringify(value)),
        takesOrRejects,
      ),
      { numRuns: 100 * TIMES },
    );
  });

  test('F1: throws nothing but a ProtocolError for frames with a changed or missing field', () => {
    const frames = fc.oneof(...samples.map(altered)).map((value) => JSON.stringify(value));
    fc.assert(fc.property(frames, takesOrRejects), { numRuns: 400 * TIMES });
  });

  test('F1: throws nothing but a ProtocolError for frames with removed or inserted characters', () => {
    const texts = samples.map((sample) => JSON.stringify(sample));
    const cut = fc
      .tuple(fc.constantFrom(...texts), fc.nat(400), fc.nat(5), fc.string({ maxLength: 5 }))
      .map(([text, at, length, insertion]) => text.slice(0, at) + insertion + text.slice(at + length));
    fc.assert(fc.property(cut, takesOrRejects), { numRuns: 200 * TIMES });
  });
});
