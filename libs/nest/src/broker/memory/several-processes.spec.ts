import { afterEach, describe, expect, test } from '@jest/globals';
import { VirtualEnvironment } from '@statewire/testing';

import { RealtimeOptionsError } from '../../core/resolve-options.js';
import { memoryBroker } from './memory-broker.js';
import { oneOfSeveralProcesses } from './several-processes.js';

test.each<[string, number | undefined, string | undefined, string | undefined]>([
  ['a plain process', undefined, undefined, undefined],
  ['the first instance of PM2, which may be the only one', undefined, '0', undefined],
  ['a further instance of PM2', undefined, '3', 'the process with NODE_APP_INSTANCE=3'],
  ['a worker of node:cluster', 2, undefined, 'worker 2 of node:cluster'],
  ['the first instance of PM2 in cluster mode', 1, '0', 'worker 1 of node:cluster'],
])('oneOfSeveralProcesses() tells %s', (_, worker, instance, expected) => {
  expect(oneOfSeveralProcesses(worker, instance)).toBe(expected);
});

describe('memoryBroker() in one of several processes', () => {
  const before = process.env.NODE_APP_INSTANCE;
  const context = {
    environment: new VirtualEnvironment(),
    history: { count: 1, bytes: 0, ageMs: 0 },
    actionWindowMs: 120_000,
    log: { debug() {}, info() {}, warn() {}, error() {} },
  };

  afterEach(() => {
    if (before === undefined) delete process.env.NODE_APP_INSTANCE;
    else process.env.NODE_APP_INSTANCE = before;
  });

  test('stops the start, and the error says why and what to do', () => {
    process.env.NODE_APP_INSTANCE = '1';
    expect(() => memoryBroker()(context)).toThrow(RealtimeOptionsError);
    expect(() => memoryBroker()(context)).toThrow(
      /option "broker" must be a broker that all processes share.*separateProcesses: true.*NODE_APP_INSTANCE=1/,
    );
  });

  test('starts if the application says that the processes are separate', () => {
    process.env.NODE_APP_INSTANCE = '1';
    expect(() => memoryBroker({ separateProcesses: true })(context)).not.toThrow();
  });
});
