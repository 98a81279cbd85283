import { AsyncLocalStorage } from 'node:async_hooks';

import { describe, expect, test } from '@jest/globals';

import { systemEnvironment } from './environment.js';

describe('A25: the system environment', () => {
  const callers = new AsyncLocalStorage<string>();

  test.each<[string, (callback: () => void) => void]>([
    ['setTimer', (callback) => void systemEnvironment.setTimer(callback, 0)],
    ['defer', (callback) => systemEnvironment.defer(callback)],
  ])('%s calls back in the context of no caller', async (_, schedule) => {
    const seen = await callers.run('ann', () => new Promise((resolve) => schedule(() => resolve(callers.getStore()))));
    expect(seen).toBeUndefined();
  });
});

test('a timer whose time has passed fires at once, without a warning of Node', async () => {
  const warnings: string[] = [];
  const warn = ({ name }: Error): void => void warnings.push(name);
  process.on('warning', warn);
  await new Promise<void>((resolve) => void systemEnvironment.setTimer(resolve, -1));
  process.off('warning', warn);
  expect(warnings).toEqual([]);
});
