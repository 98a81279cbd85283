import { expect, test } from '@jest/globals';
import type { Nodes } from '@statewire/nest/broker';
import { VirtualEnvironment } from '@statewire/testing';

import type { Channels } from './channels.js';
import { Claims } from './claims.js';
import { Keys } from './keys.js';
import type { ScriptCall } from './link.js';

const WINDOW = 120_000;

test.each([
  ['of unknown age within the window after the loss', {}, WINDOW],
  ['of a known age if it is older than the loss', { ageMs: 499.5 }, 10_500],
])('an action %s may have been lost by the server', async (_, options, expected) => {
  const calls: ScriptCall[] = [];
  const link = {
    isUp: () => true,
    run: async (call: ScriptCall) => {
      calls.push(call);
      return ['lost'];
    },
  };
  const environment = new VirtualEnvironment();
  const nodes = { id: 'here' } as Nodes;
  const claims = new Claims(nodes, link, new Keys('sw'), {} as Channels, environment, WINDOW);
  expect(await claims.claim('key', 'f', { again: true, ...options })).toEqual({ outcome: 'lost' });
  expect(calls[0]!.args).toEqual(['f', 'here', '1', 'again', String(expected), '600000']);
});

test('an answer that the server does not get until the end of its window is rejected then', async () => {
  let isUp = true;
  const link = { isUp: () => isUp, run: async () => ['claimed'] };
  const environment = new VirtualEnvironment();
  const claims = new Claims({ id: 'here' } as Nodes, link, new Keys('sw'), {} as Channels, environment, WINDOW);
  await claims.claim('key', 'f');
  isUp = false;
  let failure: unknown;
  claims.settle('key', 'answer', WINDOW).catch((error: unknown) => (failure = error));
  await environment.advance(WINDOW - 1);
  expect(failure).toBeUndefined();
  await environment.advance(1);
  expect(failure).toMatchObject({ code: 'unavailable' });
  expect(claims.size).toBe(0);
  expect(environment.timers).toBe(0);
});
