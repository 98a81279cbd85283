import { afterEach, describe, expect, test } from '@jest/globals';
import { VirtualEnvironment } from '@statewire/testing';

import { RealtimeOptionsError } from '../../core/resolve-options.js';
import { memoryBroker } from './memory-broker.js';
import { oneOfSeveralProcesses } from './several-processes.js';

const PM2 = { pm_id: '7', NODE_APP_INSTANCE: '0' };

test.each<[string, number | undefined, Parameters<typeof oneOfSeveralProcesses>[1], string | undefined]>([
  ['a plain process', undefined, {}, undefined],
  ['the only instance of PM2', undefined, { ...PM2, instances: '1' }, undefined],
  ['the first of several instances of PM2', undefined, { ...PM2, instances: '4' }, 'one of 4 instances of PM2'],
  ['a further instance of PM2', undefined, { ...PM2, NODE_APP_INSTANCE: '3' }, 'the process with NODE_APP_INSTANCE=3'],
  ['a variable with the same name, without PM2', undefined, { instances: '4' }, undefined],
  ['a worker of node:cluster', 2, {}, 'worker 2 of node:cluster'],
  ['the first instance of PM2 in cluster mode', 1, PM2, 'worker 1 of node:cluster'],
])('oneOfSeveralProcesses() tells %s', (_, worker, variables, expected) => {
  expect(oneOfSeveralProcesses(worker, variables)).toBe(expected);
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
