import { expect, test } from '@jest/globals';
import { WebSocketServer } from 'ws';

import { requireBoundedPongs } from './ws-version.js';

test('the installed ws answers a flood of pings within bounds', () => {
  expect(() => requireBoundedPongs(new WebSocketServer({ noServer: true }))).not.toThrow();
});

test('a ws before 8.23.0 stops the start, and the error says what to do', () => {
  const { options } = new WebSocketServer({ noServer: true });
  const old = Object.fromEntries(Object.entries(options).filter(([name]) => name !== 'maxPendingAutoPongs'));
  expect(() => requireBoundedPongs({ options: old })).toThrow('Run "npm ls ws"');
});
