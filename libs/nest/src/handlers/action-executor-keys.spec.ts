import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { actionKey, fingerprint } from './action-executor.js';
import type { CallerContext } from '../core/realtime-request.js';

function caller(user: string | undefined, clientId: string): CallerContext {
  const identity = user === undefined ? undefined : { id: user, user };
  return { headers: {}, cookies: {}, ip: '', admission: 'http', clientId, identity };
}

describe('actionKey', () => {
  test('differs when the user, the client or the id differs', () => {
    const part = fc.oneof(fc.string(), fc.constantFrom('null', '"', '","', ']', ''));
    const key = fc.tuple(fc.option(part, { nil: undefined }), part, part);
    fc.assert(
      fc.property(key, key, (a, b) => {
        const same = a[0] === b[0] && a[1] === b[1] && a[2] === b[2];
        expect(actionKey(caller(a[0], a[1]), a[2]) === actionKey(caller(b[0], b[1]), b[2])).toBe(same);
      }),
    );
  });
});

describe('fingerprint', () => {
  test('is equal for equal JSON in any order of keys', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (data) => {
        const shuffled = Object.fromEntries(Object.entries(data).reverse());
        const of = (value: unknown) => fingerprint({ name: 'a', data: { deep: [value] } as never });
        expect(of(shuffled)).toBe(of(data));
      }),
    );
  });

  test.each([
    [
      { name: 'a', data: undefined },
      { name: 'a', data: null },
    ],
    [
      { name: 'a', data: 1 },
      { name: 'b', data: 1 },
    ],
    [
      { name: 'a', data: '1' },
      { name: 'a', data: 1 },
    ],
    [
      { name: 'a', data: [1, 2] },
      { name: 'a', data: [2, 1] },
    ],
    [
      { name: 'a', data: JSON.parse('{"__proto__":1}') as never },
      { name: 'a', data: {} },
    ],
  ])('differs for %j and %j', (a, b) => {
    expect(fingerprint(a)).not.toBe(fingerprint(b));
  });
});
