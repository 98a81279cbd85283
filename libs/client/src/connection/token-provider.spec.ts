import { describe, expect, test } from '@jest/globals';
import { VirtualEnvironment } from '@statewire/testing';

import { TokenProvider } from './token-provider.js';

/** A provider whose calls of the application's function the test answers. */
function setUp() {
  const calls: { readonly reason: string; readonly resolve: (token: string) => void }[] = [];
  const environment = new VirtualEnvironment();
  const provider = new TokenProvider(
    (reason) => new Promise((resolve) => calls.push({ reason, resolve })),
    environment,
  );
  return { calls, environment, provider, reasons: () => calls.map(({ reason }) => reason) };
}

describe('TokenProvider', () => {
  test('makes one call for a renewal, also if an earlier call returns the old token meanwhile', async () => {
    const { calls, environment, provider, reasons } = setUp();
    const old = provider.get('poll');
    provider.markExpired();
    const renewed = provider.get('connect');
    calls[0]!.resolve('old');
    expect(await old).toBe('old');
    await environment.settle();
    expect(provider.get('poll')).toBe(renewed);
    expect(reasons()).toEqual(['poll', 'expired']);
    calls[1]!.resolve('new');
    expect(await renewed).toBe('new');
    expect(provider.markRejected('new')).toBe(true);
  });

  test('asks for a new token no more after the renewal', async () => {
    const { calls, environment, provider, reasons } = setUp();
    void provider.get('poll');
    provider.markExpired();
    void provider.get('connect');
    calls[0]!.resolve('old');
    await environment.settle();
    calls[1]!.resolve('new');
    await environment.settle();
    void provider.get('poll');
    expect(reasons()).toEqual(['poll', 'expired', 'poll']);
  });

  test('fails with `signed-out` if the function rejects with a value without a text', async () => {
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- applications may reject with any value
    const provider = new TokenProvider(() => Promise.reject(Object.create(null)), new VirtualEnvironment());
    await expect(provider.get('connect')).rejects.toMatchObject({ reason: { code: 'signed-out' } });
  });
});
