import { expect, test } from '@jest/globals';
import { VirtualEnvironment } from '@statewire/testing';
import { BehaviorSubject } from 'rxjs';

import { BrokerState } from './broker-state.js';
import type { BrokerStatus } from './broker.js';

test('the state of a broker counts outages, reconnections and the seconds out of reach, also of an outage that goes on', async () => {
  const environment = new VirtualEnvironment();
  const status = new BehaviorSubject<BrokerStatus>({ state: 'up' });
  const log = { info: () => undefined, warn: () => undefined };
  const state = new BrokerState({ name: 'redis', status }, environment, log);
  const away = async (ms: number): Promise<void> => {
    status.next({ state: 'away', since: environment.now() });
    await environment.advance(ms);
  };
  await away(1_500);
  status.next({ state: 'up' });
  await environment.advance(60_000);
  await away(500);
  expect([state.outages, state.reconnects, state.totalAwaySeconds, state.awayMs]).toEqual([2, 1, 2, 500]);
  expect(state.pending).toEqual({ count: 0, bytes: 0 });
  state.onApplicationShutdown();
});
