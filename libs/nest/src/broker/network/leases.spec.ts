import { describe, expect, test } from '@jest/globals';
import { VirtualEnvironment } from '@statewire/testing';

import { BrokerError } from '../../core/broker.js';
import { Leases, type LeaseStore, type TakenLease } from './leases.js';

const TTL_MS = 6_000;

/** A server with one lease, of which the test decides the answers. */
function create() {
  const environment = new VirtualEnvironment();
  const server = {
    taken: { token: 1 } as TakenLease | Error,
    renewed: true as boolean | Error,
    calls: [] as string[],
    released: [] as number[],
    wakes: new Set<() => void>(),
  };
  const answer = async <T>(value: T | Error): Promise<T> => {
    if (value instanceof Error) throw value;
    return value;
  };
  const store: LeaseStore = {
    holder: async () => undefined,
    take: (_, call) => {
      server.calls.push(call);
      return answer(server.taken);
    },
    renew: () => answer(server.renewed),
    release: async (_, token) => void server.released.push(token),
    watch: async (_, wake) => void server.wakes.add(wake),
    unwatch: (_, wake) => void server.wakes.delete(wake),
  };
  const leases = new Leases(store, environment, TTL_MS);
  return { environment, leases, server };
}

const unavailable = new BrokerError('unavailable', 'away');

describe('a held lease', () => {
  test('is renewed as long as the server agrees, and is lost when it does not', async () => {
    const { environment, leases, server } = create();
    const lease = await leases.lease('app:work');
    let isLost = false;
    void lease!.lost.then(() => (isLost = true));
    await environment.advance(10 * TTL_MS);
    expect([isLost, leases.holds('app:work')]).toEqual([false, true]);
    server.renewed = false;
    await environment.advance(TTL_MS / 3);
    expect([isLost, leases.holds('app:work'), environment.timers]).toEqual([true, false, 0]);
  });

  test('is given up a second before the server does, if no renewal reaches it', async () => {
    const { environment, leases, server } = create();
    const lease = await leases.lease('app:work');
    let isLost = false;
    void lease!.lost.then(() => (isLost = true));
    server.renewed = unavailable;
    await environment.advance(TTL_MS - 1_001);
    expect(isLost).toBe(false);
    await environment.advance(1);
    expect(isLost).toBe(true);
  });

  test('is released once', async () => {
    const { environment, leases, server } = create();
    server.taken = { token: 7 };
    const lease = await leases.lease('app:work');
    await lease!.release();
    await lease!.release();
    expect([server.released, leases.size, environment.timers]).toEqual([[7], 0, 0]);
  });
});

describe('a call that waits', () => {
  test('asks again when the holder releases the lease, with another call', async () => {
    const { environment, leases, server } = create();
    server.taken = { heldForMs: 60_000 };
    let token: number | undefined;
    void leases.lease('app:work', new AbortController().signal).then((lease) => (token = lease!.token));
    await environment.settle();
    server.taken = { token: 2 };
    for (const wake of server.wakes) wake();
    await environment.settle();
    expect([token, server.calls, server.wakes.size]).toEqual([2, ['1', '2'], 0]);
  });

  test('asks again after the time for which the other node holds it, and after an outage', async () => {
    const { environment, leases, server } = create();
    server.taken = { heldForMs: 100 };
    let token: number | undefined;
    void leases.lease('app:work', new AbortController().signal).then((lease) => (token = lease!.token));
    await environment.settle();
    server.taken = unavailable;
    await environment.advance(100);
    server.taken = { token: 3 };
    await environment.advance(1_000);
    expect(token).toBe(3);
  });

  test('ends with its signal, and gives back a lease that it gets at that moment', async () => {
    const { environment, leases, server } = create();
    const abort = new AbortController();
    const waiting = leases.lease('app:work', abort.signal);
    abort.abort();
    await expect(waiting).resolves.toBeUndefined();
    expect([server.released, leases.size, environment.timers]).toEqual([[1], 0, 0]);
  });
});

test('the end of the broker releases the leases, ends the waiting, and gives back what comes too late', async () => {
  const { environment, leases, server } = create();
  const lease = await leases.lease('app:work');
  const late = leases.lease('app:late');
  await leases.dispose();
  await lease!.lost;
  await expect(late).rejects.toMatchObject({ code: 'disposed' });
  await expect(leases.lease('app:more')).rejects.toMatchObject({ code: 'disposed' });
  expect([server.released.length, leases.size, environment.timers]).toEqual([2, 0, 0]);
});
