import { join } from 'node:path';

import { expect, test } from '@jest/globals';

import { ServerProcess } from './support/server-process.js';

test('R21: an application on the memory broker does not start as a worker of node:cluster', async () => {
  const primary = new ServerProcess(join(import.meta.dirname, 'support/cluster-main.ts'));
  try {
    await primary.said(/(separateProcesses: true.*worker 1 of node:cluster)/);
    await primary.said(/(separateProcesses: true.*worker 2 of node:cluster)/);
    expect(primary.output.match(/worker: RealtimeOptionsError: RealtimeModule cannot start:/g)).toHaveLength(2);
    expect(primary.output).not.toContain('worker: started');
    expect(await primary.exit()).toBe(0);
  } finally {
    primary.destroy();
  }
});
