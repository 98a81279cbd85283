import { expect, test } from '@jest/globals';
import type { Json } from '@statewire/protocol';
import { VirtualEnvironment } from '@statewire/testing';

import { ConnectionLostError } from './errors.js';
import { Requests } from './requests.js';

/** The requests of a node that sends to itself. */
function setUp() {
  const environment = new VirtualEnvironment();
  const leases = { holder: async () => 'here', holds: () => true };
  const messenger = {
    sendOnce: async (_: string, text: string): Promise<boolean> => {
      requests.receive(text);
      return true;
    },
    send: async (_: string, text: string): Promise<void> => requests.receive(text),
  };
  const requests: Requests = new Requests('here', messenger, leases, environment, 5_000);
  return { environment, leases, messenger, requests };
}

test('a request that has no JSON is not reported as a server that is out of reach', async () => {
  const { environment, requests } = setUp();
  await expect(requests.request('app:work', 1n as unknown as Json)).rejects.toThrow(TypeError);
  expect([requests.size, environment.timers]).toEqual([0, 0]);
});

test.each([
  ['has no JSON', async () => 1n as unknown as Json],
  ['fails with a value without a text', () => Promise.reject(Object.create(null) as Error)],
])('an answer that %s reaches the caller as a failure', async (_, answer) => {
  const { environment, requests } = setUp();
  requests.onRequest('app:work', answer);
  let failure: unknown;
  requests.request('app:work', null).catch((error: unknown) => (failure = error));
  await environment.settle();
  expect(failure).toMatchObject({ code: 'no_answer', message: expect.stringContaining('failed to answer') });
  expect(requests.size).toBe(1);
  expect(environment.timers).toBe(0);
});

test('a request that may have reached the holder rejects with no_answer, and is not sent again', async () => {
  const { environment, messenger, requests } = setUp();
  const asked: Json[] = [];
  requests.onRequest('app:work', async (message) => {
    asked.push(message);
    return null;
  });
  const deliver = messenger.sendOnce;
  messenger.sendOnce = async (...parameters) => {
    await deliver(...parameters);
    throw new ConnectionLostError('the connection was lost');
  };
  await expect(requests.request('app:work', 'once')).resolves.toBeNull();
  messenger.sendOnce = async () => {
    throw new ConnectionLostError('the connection was lost');
  };
  await expect(requests.request('app:work', 'never')).rejects.toMatchObject({ code: 'no_answer' });
  await environment.settle();
  expect([asked, environment.timers]).toEqual([['once'], 0]);
});

test('a request to a holder that receives nothing rejects at once', async () => {
  const { environment, messenger, requests } = setUp();
  messenger.sendOnce = async () => false;
  await expect(requests.request('app:work', null)).rejects.toMatchObject({
    code: 'no_answer',
    message: 'The holder of the lease "app:work" has ended.',
  });
  expect(environment.timers).toBe(0);
});

test('a node that holds the lease no more says so, and the request resolves with undefined', async () => {
  const { leases, requests } = setUp();
  requests.onRequest('app:work', async () => null);
  leases.holds = () => false;
  await expect(requests.request('app:work', null)).resolves.toBeUndefined();
});

test.each(['later', 'null', '{"type":"later"}'])('a message of a later version is ignored: %s', async (text) => {
  const { environment, requests } = setUp();
  requests.onRequest('app:work', async () => 'done');
  requests.receive(text);
  await environment.settle();
  await expect(requests.request('app:work', null)).resolves.toBe('done');
});
