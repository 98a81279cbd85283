import { expect, test } from '@jest/globals';
import type { ConnectionStatus } from '@statewire/angular';

import { reasonWords, statusWords } from './status-words';

const reason = { code: 'network', message: '' };

test.each<[ConnectionStatus, string, string]>([
  [{ state: 'live', enteredAt: 0, outdated: false, transport: 'websocket', connectionId: 'c' }, 'live', 'Live'],
  [{ state: 'polling', enteredAt: 0, outdated: false, transport: 'polling', attempt: 1, reason }, 'polling', 'Polling'],
  [{ state: 'connecting', enteredAt: 0, outdated: false, attempt: 1 }, 'waiting', 'Connecting'],
  [{ state: 'offline', enteredAt: 0, outdated: false, attempt: 1, reason }, 'broken', 'Offline'],
  [{ state: 'denied', enteredAt: 0, outdated: false, reason }, 'broken', 'Rejected'],
  [{ state: 'closed', enteredAt: 0, outdated: false }, 'broken', 'Closed'],
  [{ state: 'idle', enteredAt: 0, outdated: false }, 'waiting', 'Idle'],
])('%j looks %s and is called %s', (status, tone, title) => {
  expect(statusWords(status)).toMatchObject({ tone, title });
});

test.each<ConnectionStatus>([
  { state: 'live', enteredAt: 0, outdated: false, transport: 'websocket', connectionId: 'c' },
  { state: 'polling', enteredAt: 0, outdated: false, transport: 'polling', attempt: 1, reason },
])('a connection that is $state to a server without current values is not called live', (status) => {
  expect(statusWords(status, true)).toMatchObject({ tone: 'broken', title: 'Not live' });
});

test('a page that reaches no server is offline, whatever the server said before', () => {
  const offline: ConnectionStatus = { state: 'offline', enteredAt: 0, outdated: false, attempt: 1, reason };
  expect(statusWords(offline, true)).toEqual(statusWords(offline));
});

test.each([
  ['network', 'The server cannot be reached.'],
  ['close-1006', 'The connection broke.'],
  ['close-4201', 'The server is restarting.'],
  ['close-4999', 'The connection broke.'],
  ['http-502', 'Something between this page and the server answered instead of it.'],
  ['internal', 'The server has a problem.'],
])('the reason %s reads: %s', (code, words) => {
  expect(reasonWords(code)).toBe(words);
});
