import { describe, expect, test } from '@jest/globals';

import { resolvePostgresBrokerOptions } from './options.js';

const connectionString = 'postgres://localhost/app';

describe('options', () => {
  test('have defaults', () => {
    expect(resolvePostgresBrokerOptions({ connectionString })).toMatchObject({
      schema: 'statewire',
      migrate: true,
      leaseTtlMs: 6_000,
      nodeTtlMs: 15_000,
      publishTimeoutMs: 5_000,
      startTimeoutMs: 10_000,
      requestTimeoutMs: 5_000,
      pollIntervalMs: 1_000,
      maxPending: { count: 10_000, bytes: 16 * 2 ** 20 },
    });
  });

  test('that cannot be used are all named', () => {
    const resolve = (): unknown =>
      resolvePostgresBrokerOptions({
        connectionString: '',
        ...{ schema: 'My Schema', leaseTtlMs: 5, nodeTtlMs: 0, pollIntervalMs: Number.NaN },
        maxPending: { count: 0, bytes: -1 },
      });
    for (const option of [
      'connectionString',
      'schema',
      'leaseTtlMs',
      'nodeTtlMs',
      'pollIntervalMs',
      'count',
      'bytes',
    ]) {
      expect(resolve).toThrow(new RegExp(`option "[^"]*${option}" must be`));
    }
  });

  test.each(['a', 'live_2', '_x', 'a'.repeat(40)])('%s is the name of a schema', (schema) => {
    expect(resolvePostgresBrokerOptions({ connectionString, schema }).schema).toBe(schema);
  });

  test.each(['', '2a', 'a-b', 'A', 'a b', 'a"b', 'é', 'a'.repeat(41)])('%j is no name of a schema', (schema) => {
    expect(() => resolvePostgresBrokerOptions({ connectionString, schema })).toThrow('option "schema" must be');
  });

  test('of the connection may replace the address', () => {
    expect(resolvePostgresBrokerOptions({ connection: {} }).connectionString).toBeUndefined();
  });
});
