import { expect, test } from '@jest/globals';

import { redisBroker } from './start.js';
import { resolveRedisBrokerOptions, type RedisBrokerOptions } from './options.js';

const url = 'redis://localhost';

test('the address is the only option that is needed', () => {
  expect(resolveRedisBrokerOptions({ url })).toEqual({
    url,
    sentinel: undefined,
    client: {},
    prefix: 'sw',
    leaseTtlMs: 6_000,
    nodeTtlMs: 15_000,
    publishTimeoutMs: 5_000,
    startTimeoutMs: 10_000,
    requestTimeoutMs: 5_000,
    maxPending: { count: 10_000, bytes: 16_777_216 },
    lineage: 'verify',
  });
});

test.each<[string, RedisBrokerOptions]>([
  ['url', {}],
  ['sentinel', { sentinel: { nodes: [], name: 'm' } }],
  ['prefix', { url, prefix: '{x}' }],
  ['prefix', { url, prefix: '' }],
  ['leaseTtlMs', { url, leaseTtlMs: 10 }],
  ['nodeTtlMs', { url, nodeTtlMs: 0 }],
  ['publishTimeoutMs', { url, publishTimeoutMs: Number.NaN }],
  ['startTimeoutMs', { url, startTimeoutMs: -1 }],
  ['requestTimeoutMs', { url, requestTimeoutMs: Infinity }],
  ['maxPending.count', { url, maxPending: { count: 0 } }],
  ['maxPending.bytes', { url, maxPending: { bytes: 0 } }],
  ['lineage', { url, lineage: 'hope' as never }],
])('an option %s that cannot be used stops the start by its name', (name, options) => {
  expect(() => redisBroker(options)(undefined as never)).toThrow(`option "${name}" must be`);
});
