import { expect, test } from '@jest/globals';
import type { ConnectionStatus } from '@statewire/angular';

import { statusWords } from './status-words';

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
