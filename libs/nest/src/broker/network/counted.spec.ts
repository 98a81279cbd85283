import { expect, test } from '@jest/globals';
import { VirtualEnvironment } from '@statewire/testing';

import { BrokerError, type NewPublication } from '../../core/broker.js';
import { Counters } from '../../core/counters.js';
import { Leases, type LeaseStore } from './leases.js';
import { PendingPublication } from './pending-publication.js';
import { Requests } from './requests.js';
import { TopicListeners } from './topic-listeners.js';

const publication: NewPublication = { kind: 'state', id: 'i', data: '1' };

test('publications count by outcome, and one that a newer value replaces counts as conflated', async () => {
  const { broker } = new Counters();
  const pending = () => new PendingPublication('lobby', publication, {}, 0, broker);
  const [older, newer, refused] = [pending(), pending(), pending()];
  const settled = [older.settled(), newer.settled(), refused.settled().catch(({ code }: BrokerError) => code)];
  newer.replace(older);
  newer.resolve({ epoch: 'e', offset: 1 });
  refused.reject(new BrokerError('fenced', 'held'));
  await expect(Promise.all(settled)).resolves.toMatchObject([{ offset: 1 }, { offset: 1 }, 'fenced']);
  expect(broker.publications.toRecord()).toEqual({ stored: 1, conflated: 1, fenced: 1 });
});

test('leases count when they are gained, released and lost', async () => {
  const { broker } = new Counters();
  const environment = new VirtualEnvironment();
  let isRenewed = true;
  const store = {
    take: async () => ({ token: 1 }),
    renew: async () => isRenewed,
    release: async () => undefined,
  } as unknown as LeaseStore;
  const leases = new Leases(store, environment, 6_000, broker);
  const [first] = [await leases.lease('a'), await leases.lease('b')];
  await first!.release();
  isRenewed = false;
  await environment.advance(6_000);
  expect(broker.leases.toRecord()).toEqual({ gained: 2, released: 1, lost: 1 });
});

test('requests count once, by outcome', async () => {
  const { broker } = new Counters();
  const environment = new VirtualEnvironment();
  let holder: string | undefined = 'here';
  const leases = { holder: async () => holder, holds: () => true };
  const messenger = {
    sendOnce: async (_: string, text: string): Promise<boolean> => {
      requests.receive(text);
      return true;
    },
    send: async (_: string, text: string): Promise<void> => requests.receive(text),
  };
  const requests: Requests = new Requests('here', messenger, leases, environment, 5_000, broker);
  requests.onRequest('app:work', async (message) => (message === null ? null : new Promise(() => undefined)));
  await requests.request('app:work', null);
  const late = requests.request('app:work', 1);
  late.catch(() => undefined);
  await environment.advance(5_000);
  await expect(late).rejects.toMatchObject({ code: 'no_answer' });
  holder = undefined;
  await requests.request('app:work', null);
  expect(broker.requests.toRecord()).toEqual({ answered: 1, no_answer: 1, no_holder: 1 });
});

test('a topic counts as moved if its listeners knew another position', async () => {
  const { broker } = new Counters();
  const ignore = () => undefined;
  const listeners = new TopicListeners({ add: async () => ignore(), remove: ignore }, ignore, ignore, broker);
  await listeners.listen('lobby', ignore);
  const resume = (offset: number) => listeners.resume([{ topic: 'lobby', position: { epoch: 'e', offset }, id: 'i' }]);
  resume(1);
  listeners.interrupt(() => true);
  resume(1);
  resume(2);
  expect(broker.topicsMoved).toBe(1);
});
