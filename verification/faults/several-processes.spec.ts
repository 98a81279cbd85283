import { join } from 'node:path';

import { expect, test } from '@jest/globals';

import { ServerProcess } from './support/server-process.js';

test('R21: an application on the memory broker does not start as a worker of node:cluster', async () => {
  const primary = new ServerProcess(join(import.meta.dirname, 'support/cluster-main.ts'));
  try {
    const said = await primary.said(/worker: ([^]*broker[^]*)\n/);
    expect(said).toMatch(/RealtimeOptionsError: RealtimeModule cannot start:/);
    expect(said).toMatch(/separateProcesses: true.*worker 1 of node:cluster/);
    expect(await primary.exit()).toBe(0);
  } finally {
    primary.destroy();
  }
});
