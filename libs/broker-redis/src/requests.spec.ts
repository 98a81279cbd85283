import { expect, test } from '@jest/globals';
import { ConnectionLostError, type Leases } from '@statewire/nest/broker';
import type { Json } from '@statewire/protocol';
import { VirtualEnvironment } from '@statewire/testing';

import type { Channels } from './channels.js';
import { Keys } from './keys.js';
import { Requests } from './requests.js';

/** The requests of a node that sends to itself. */
function setUp() {
  const environment = new VirtualEnvironment();
  let receive!: (message: string) => void;
  const channels = { add: async (_: number, __: string, handler: typeof receive) => void (receive = handler) };
  const leases = { holder: async () => 'here', holds: () => true };
  const link = {
    send: async (_: number, [, , message]: readonly string[]) => {
      receive(message!);
      return 1;
    },
  };
  const requests = new Requests(
    ...(['here', link, new Keys('sw'), channels as unknown as Channels, leases as unknown as Leases] as const),
    ...([environment, 5_000] as const),
  );
  return { environment, link, requests };
}

test('a request that has no JSON is not reported as a server that is out of reach', async () => {
  const { environment, requests } = setUp();
  await expect(requests.request('app:work', 1n as unknown as Json)).rejects.toThrow(TypeError);
  expect([requests.size, environment.timers]).toEqual([0, 0]);
});

test('an answer that has no JSON reaches the caller as a failure', async () => {
  const { environment, requests } = setUp();
  requests.onRequest('app:work', async () => 1n as unknown as Json);
  let failure: unknown;
  requests.request('app:work', null).catch((error: unknown) => (failure = error));
  await environment.settle();
  expect(failure).toMatchObject({ code: 'no_answer', message: expect.stringContaining('failed to answer') });
  expect(requests.size).toBe(1);
  expect(environment.timers).toBe(0);
});

test('a request that may have reached the holder rejects with no_answer, and is not sent again', async () => {
  const { environment, requests, link } = setUp();
  const asked: Json[] = [];
  requests.onRequest('app:work', async (message) => {
    asked.push(message);
    return null;
  });
  const deliver = link.send;
  link.send = async (...parameters) => {
    await deliver(...parameters);
    throw new ConnectionLostError('the connection was lost');
  };
  const request = requests.request('app:work', 'once');
  await expect(request).resolves.toBeNull();
  link.send = async () => {
    throw new ConnectionLostError('the connection was lost');
  };
  await expect(requests.request('app:work', 'never')).rejects.toMatchObject({ code: 'no_answer' });
  await environment.settle();
  expect([asked, environment.timers]).toEqual([['once'], 0]);
});
