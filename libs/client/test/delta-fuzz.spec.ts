import { isDeepStrictEqual } from 'node:util';

import { expect, test } from '@jest/globals';
import { applyDelta, DeltaError, diff, type Json } from '@statewire/protocol';
import { corrupt, VirtualEnvironment } from '@statewire/testing';
import fc from 'fast-check';

const KEYS = ['a', 'b', '__proto__', 'constructor', 'toString', '0', '=a', '~0'];

const { value: json, members } = fc.letrec<{ value: Json; members: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    fc.constantFrom<Json>(null, true, 0, 1, 'a', ''),
    fc.array(tie('value'), { maxLength: 5 }),
    tie('members'),
  ),
  members: fc
    .uniqueArray(fc.tuple(fc.constantFrom(...KEYS), tie('value')), { maxLength: 5, selector: ([key]) => key })
    .map((entries) => JSON.parse(JSON.stringify(Object.fromEntries(entries))) as Json),
}));

/** Values of one shape at the top, so that the delta of two changes something instead of replacing all. */
const values = fc.oneof(fc.tuple(members, members, members), fc.tuple(fc.array(json), fc.array(json), fc.array(json)));

function prototypes(): unknown {
  return [Object.prototype, Array.prototype].map((prototype) => Reflect.ownKeys(prototype));
}

test('F1: a mutated delta gives JSON or a DeltaError, and changes neither the value nor a prototype', () => {
  const before = prototypes();
  const seen = { applied: 0, rejected: 0 };
  fc.assert(
    fc.property(values, fc.nat(), ([origin, next, other], seed) => {
      const sent = JSON.stringify(diff(origin, next));
      expect(isDeepStrictEqual(applyDelta(origin, JSON.parse(sent) as Json), next)).toBe(true);
      const bytes = new TextEncoder().encode(sent);
      let [value, delta]: [Json, Json] = [other, JSON.parse(sent) as Json];
      try {
        const { random } = new VirtualEnvironment({ seed });
        delta = JSON.parse(new TextDecoder().decode(corrupt(bytes, random))) as Json;
        value = origin;
      } catch {
        // The parser rejects invalid JSON, so the test uses the delta of another value instead.
      }
      // The parser accepts 1e999 and -0, but JSON does not preserve them.
      if (!isDeepStrictEqual(JSON.parse(JSON.stringify(delta)), delta)) return;
      const text = JSON.stringify(value);
      const deltaText = JSON.stringify(delta);
      try {
        const result = applyDelta(value, delta);
        seen.applied += 1;
        expect(isDeepStrictEqual(JSON.parse(JSON.stringify(result)), result)).toBe(true);
      } catch (error) {
        seen.rejected += 1;
        expect(error).toBeInstanceOf(DeltaError);
      }
      expect(JSON.stringify(value)).toBe(text);
      expect(JSON.stringify(delta)).toBe(deltaText);
    }),
    { numRuns: 1_000 },
  );
  expect(prototypes()).toEqual(before);
  // Some messages must be accepted and some rejected, otherwise the test proves nothing.
  expect(seen.applied).toBeGreaterThan(0);
  expect(seen.rejected).toBeGreaterThan(0);
});
