import { expect, test } from '@jest/globals';
import { ConnectionLostError, type Leases } from '@statewire/nest/broker';
import type { Json } from '@statewire/protocol';
import { VirtualEnvironment } from '@statewire/testing';

import { Requests } from './requests.js';

test('a request whose reply is lost rejects with no_answer, and runs the work of the holder once', async () => {
  const environment = new VirtualEnvironment();
  const asked: Json[] = [];
  const leases = { holder: async () => 'here', holds: () => true };
  let isCut = true;
  const attempt = async (_: string, ...values: readonly unknown[]) => {
    requests.receive(`M${String(values[2])}`);
    if (isCut) throw new ConnectionLostError('the connection was lost');
    return [];
  };
  const run = async (name: string, ...values: readonly unknown[]) => {
    for (;;) {
      try {
        return await attempt(name, ...values);
      } catch {
        isCut = false;
      }
    }
  };
  const requests = new Requests('here', { attempt, run }, leases as unknown as Leases, environment, 5_000);
  requests.onRequest('app:work', async (message) => {
    asked.push(message);
    return new Promise(() => undefined);
  });

  await expect(requests.request('app:work', 'once')).rejects.toMatchObject({ code: 'no_answer' });
  await environment.settle();
  expect([asked, environment.timers]).toEqual([['once'], 0]);
});
