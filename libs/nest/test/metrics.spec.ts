import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { firstValueFrom, take, toArray } from 'rxjs';

import { RealtimeHealthIndicator, RealtimeMetrics, toPrometheus, type MetricsSnapshot } from '../src/index.js';
import { TestApplication } from './support/test-application.js';
import { arenaProviders, authenticate, battle, SlowWork } from './support/arena-fixture.js';
import { poll, post, CLIENT_ID } from './support/transports.js';

let arena: TestApplication;

beforeEach(async () => {
  arena = await TestApplication.start({ realtime: { authenticate }, providers: arenaProviders });
});

afterEach(() => arena.close());

const metrics = (): RealtimeMetrics => arena.get(RealtimeMetrics);
const now = (): MetricsSnapshot => metrics().snapshot();

describe('the metrics of a node', () => {
  test('show the current connections and subscriptions', async () => {
    const [socket, greeting] = [await arena.welcome('alice'), await arena.connect()];
    socket.send({ type: 'subscribe', topics: [{ topic: 'battles/1' }, { topic: 'notices' }] });
    await socket.next('snapshot');
    socket.send({ type: 'action', id: '1', name: 'slow' });
    await socket.roundTrip();
    expect(now().gauges).toEqual({
      ...{ connections: 2, subscriptions: 2, topics: 2, outboxBytes: 0, actionsInFlight: 1 },
      ...{
        presenceTopics: 1,
        presenceClients: 1,
        brokerAwayMs: 0,
        brokerPendingPublications: 0,
        brokerPendingBytes: 0,
      },
    });
    arena.get(SlowWork).running.forEach((finish) => finish());
    await socket.next('ack');
    await Promise.all([socket.close(), greeting.close()]);
    while (now().gauges.connections > 0) await new Promise((resolve) => setImmediate(resolve));
    expect(now().gauges).toMatchObject({ subscriptions: 0, actionsInFlight: 0 });
    expect(now().counters).toMatchObject({ connectionsAdmitted: 1, closes: { peer: 2 }, actions: { run: 1 } });
  });

  test('count sent frames, resumes and rejections on every transport', async () => {
    const topic = battle.with({ battleId: '1' });
    const first = await arena.welcome('alice');
    first.send({ type: 'subscribe', topics: [{ topic: 'battles/1' }] });
    const since = await first.next('subscribed');
    await arena.bus.publish(topic, { hp: 2 });
    await first.next(['patch', 'snapshot'], (frame) => frame.offset > since.offset);
    const before = now().counters;
    for (const from of [
      { epoch: since.epoch, offset: since.offset + 1 },
      { epoch: since.epoch, offset: 0 },
      { epoch: 'gone', offset: 1 },
    ]) {
      const next = await arena.welcome('bob');
      next.send({ type: 'subscribe', topics: [{ topic: 'battles/1', since: from }] });
      await next.next('subscribed');
      await next.roundTrip();
    }
    const { counters } = now();
    expect(counters.resumes).toEqual({ patches: 1, snapshot: 1, lost: 1 });
    expect(counters.snapshotsSent - before.snapshotsSent).toBe(2);
    first.send({ type: 'subscribe', topics: [{ topic: 'secrets/bob' }] });
    await first.next('error');
    await poll(arena, [{ topic: 'nowhere' }, { topic: 'secrets/bob' }]);
    await post(arena, '/realtime/actions', { clientId: CLIENT_ID, id: '1', name: 'none' });
    await post(arena, '/realtime/poll', '{', { authorization: 'Bearer nobody' });
    await expect(arena.connect({ headers: { authorization: 'Bearer nobody' } })).rejects.toThrow('401');
    await expect(arena.connect({ origin: 'https://evil.example' })).rejects.toThrow('403');
    expect(now().counters).toMatchObject({
      errorsSent: { forbidden: 3, unknown_topic: 1, unknown_action: 1, bad_request: 1, unauthorized: 1 },
      ...{ actions: { unknown_action: 1 }, polls: 1, pollsHeld: 0 },
    });
  });

  test('count closes by code, without user data', async () => {
    const socket = await arena.welcome('mallory');
    await arena.connections.revoke({ user: 'mallory' });
    await socket.closed();
    expect(now().counters).toMatchObject({ closes: { 4003: 1 }, errorsSent: { unauthorized: 1 } });
    expect(JSON.stringify(now()) + toPrometheus(now())).not.toContain('mallory');
  });

  test('emit at an interval while there is a subscriber, and complete with the application', async () => {
    const three = await firstValueFrom(metrics().every(1).pipe(take(3), toArray()));
    expect(three.map(({ time }) => time)).toEqual([...three.map(({ time }) => time)].sort((a, b) => a - b));
    let completed = false;
    metrics()
      .every(3_600_000)
      .subscribe({ complete: () => (completed = true) });
    await arena.app.close();
    expect(completed).toBe(true);
  });

  test.each([0, -1, NaN, Infinity, 2 ** 31])('reject an interval of %d', (interval) => {
    expect(() => metrics().every(interval)).toThrow('intervalMs must be from 1 to 2147483647 milliseconds, got ');
  });
});

test('the health of a node is injectable', async () => {
  expect(await arena.get(RealtimeHealthIndicator).check()).toEqual({ status: 'up' });
});
