import { action } from '@statewire/protocol';
import { describe, expect, test } from '@jest/globals';
import { FakeActionError } from '@statewire/testing';

import { battle, battles, setUp, type Setup } from './support/bench.js';

const count = action<{ n: number }, number>('count');

/** When and in which order actions ran. */
function record({ server, environment }: Setup) {
  const runs: { n: number; at: number }[] = [];
  server.handle(count.name, ({ n }: { n: number }) => runs.push({ n, at: environment.monotonic() }));
  return runs;
}

const numbers = (length: number) => Array.from({ length }, (_, n) => n);

describe('actions on a WebSocket', () => {
  test.each([
    ['the default rate', undefined, 20],
    ['the rate in welcome', 50, 50],
  ])('are sent in a burst and then at the rate of the server: %s', async (_, framesPerSecond, rate) => {
    const setup = setUp({}, framesPerSecond === undefined ? {} : { framesPerSecond });
    const { environment, client } = setup;
    const runs = record(setup);
    client.state(battle).subscribe();
    await environment.advance(5_000);
    const began = environment.monotonic();
    for (const n of numbers(100)) client.act(count, { n });
    await environment.advance(6_000);
    expect(runs.map(({ n }) => n)).toEqual(numbers(100));
    const within = (ms: number) => runs.filter(({ at }) => at - began <= ms).length;
    expect(within(100)).toBeLessThanOrEqual(1.1 * rate);
    expect(within(1_000)).toBeLessThanOrEqual(2 * rate + 1);
    expect(within(1_000)).toBeGreaterThan(1.8 * rate);
  });

  test('are sent at once if the server has no rate', async () => {
    const setup = setUp({}, { framesPerSecond: 0 });
    const { environment, client } = setup;
    const runs = record(setup);
    client.connect();
    await environment.advance(100);
    for (const n of numbers(100)) client.act(count, { n });
    await environment.advance(100);
    expect(runs.map(({ n }) => n)).toEqual(numbers(100));
  });

  test('created without a connection all run once and in order later', async () => {
    const setup = setUp();
    const { environment, server, client } = setup;
    const runs = record(setup);
    server.upgrades('reject');
    server.http('unreachable');
    client.state(battle).subscribe();
    await environment.advance(1_000);
    const answers: number[] = [];
    for (const n of numbers(100)) client.act(count, { n }, { expiresAfterMs: 0 }).subscribe(() => answers.push(n));
    await environment.advance(60_000);
    server.upgrades('pass');
    await environment.until(() => answers.length === 100, 60_000);
    expect(runs.map(({ n }) => n)).toEqual(numbers(100));
    expect(answers).toEqual(numbers(100));
    expect(server.actions.received).toHaveLength(100);
  });

  test('wait in the client while a handler is slow', async () => {
    const { environment, server, client } = setUp({}, { framesPerSecond: 0 });
    let release: () => void = () => undefined;
    const slow = new Promise<void>((resolve) => (release = resolve));
    server.handle(count.name, () => slow);
    client.connect();
    await environment.advance(100);
    for (const n of numbers(100)) client.act(count, { n });
    await environment.advance(10_000);
    expect(server.actions.received).toHaveLength(32);
    release();
    await environment.advance(1_000);
    expect(server.actions.run).toHaveLength(100);
  });
});

describe('requests of a polling client', () => {
  test.each([
    ['the default rate', undefined, 20],
    ['the rate in an earlier welcome', 50, 50],
  ])('follow the rate of the server, polls included: %s', async (_, framesPerSecond, rate) => {
    const setup = setUp({}, framesPerSecond === undefined ? {} : { framesPerSecond });
    const { environment, server, client } = setup;
    const runs = record(setup);
    if (framesPerSecond === undefined) server.upgrades('reject');
    client.state(battle).subscribe();
    await environment.advance(1_000);
    server.upgrades('reject');
    for (const connection of server.connections) connection.cut();
    await environment.until(() => client.status.state === 'polling');
    await environment.advance(5_000);
    const began = environment.monotonic();
    const polls = client.metrics.polls;
    for (const n of numbers(100)) client.act(count, { n });
    await environment.until(() => runs.length === 100);
    const took = environment.monotonic() - began;
    expect(runs.map(({ n }) => n)).toEqual(numbers(100));
    const requests = 100 + client.metrics.polls - polls;
    expect(requests).toBeLessThanOrEqual(rate * (1 + took / 1_000) + 1);
    expect(requests).toBeGreaterThan(0.8 * Math.min(rate, 40) * (took / 1_000));
  });

  test('leave no timer if the client closes while they wait', async () => {
    const setup = setUp({ environment: { openWebSocket: undefined } });
    const { environment, client } = setup;
    const runs = record(setup);
    client.state(battle).subscribe();
    for (const n of numbers(100)) client.act(count, { n }).subscribe({ error: () => undefined });
    await environment.until(() => runs.length > 30);
    client.close();
    // An answer is in transit for 10 ms. A frame that waits for the rate waits longer.
    await environment.advance(10);
    expect(runs.length).toBeLessThan(100);
    expect(environment.timers).toBe(0);
  });
});

describe.each([
  ['the WebSocket', {}],
  ['polling', { environment: { openWebSocket: undefined } }],
] as const)('an action that the server did not start, over %s', (_, options) => {
  async function rejecting(code: 'too_many_requests' | 'unavailable', retryAfter: number | undefined) {
    const setup = setUp(options);
    const { environment, server, client } = setup;
    const runs: number[] = [];
    server.handle(count.name, ({ n }: { n: number }) => runs.push(n));
    const act = server.actions.act.bind(server.actions);
    let rejections = 2;
    server.actions.act = (invocation, positions, isVisible, reply) => {
      if (rejections-- <= 0) return act(invocation, positions, isVisible, reply);
      const frame = { type: 'error', id: invocation.id, code, message: 'later', temporary: true } as const;
      reply({ ...frame, ...(retryAfter !== undefined && { retryAfter }) });
    };
    client.connect();
    await environment.advance(1_000);
    const log: unknown[] = [];
    const send = (n: number) =>
      client.act(count, { n }).subscribe({ next: () => log.push(n), error: ({ code: problem }) => log.push(problem) });
    return { ...setup, runs, log, send };
  }

  test.each(['too_many_requests', 'unavailable'] as const)(
    'is sent again after %s and its retryAfter, before newer ones',
    async (code) => {
      const { environment, runs, log, send } = await rejecting(code, 3_000);
      send(1);
      await environment.advance(500);
      send(2);
      await environment.advance(2_400);
      expect(runs).toEqual([]);
      await environment.advance(5_000);
      expect(runs).toEqual([1, 2]);
      expect(log).toEqual([1, 2]);
    },
  );

  test('fails with the error if it has no retryAfter', async () => {
    const { environment, runs, log, send } = await rejecting('too_many_requests', undefined);
    send(1);
    await environment.advance(5_000);
    expect(log).toEqual(['too_many_requests']);
    expect(runs).toEqual([]);
  });
});

test('a temporary error of a handler is the answer, and the handler runs once', async () => {
  const { environment, server, client } = setUp();
  server.handle(count.name, () => {
    throw new FakeActionError('unavailable');
  });
  const codes: string[] = [];
  client.act(count, { n: 1 }).subscribe({ error: ({ code }) => codes.push(code) });
  await environment.advance(30_000);
  expect(codes).toEqual(['unavailable']);
  expect(server.actions.run).toHaveLength(1);
});

test('R25: topics that fail together are requested again in few frames, below the rate of a server', async () => {
  const { environment, server, client } = setUp();
  const topics = numbers(120).map((n) => battles.with({ battleId: String(n) }));
  for (const topic of topics) server.reject(topic, 'unavailable', { temporary: true, retryAfter: 1_000 });
  let live = 0;
  for (const topic of topics)
    client.topic(topic).subscribe(({ freshness }) => (live += Number(freshness.state === 'live')));
  const counts: number[] = [];
  for (let second = 0; second < 20; second += 1) {
    const before = client.metrics.framesSent;
    await environment.advance(1_000);
    counts.push(client.metrics.framesSent - before);
  }
  expect(Math.max(...counts)).toBeLessThan(20);
  for (const topic of topics) {
    server.reject(topic, undefined);
    server.publish(topic, { tick: 1, heroes: [] });
  }
  await environment.advance(60_000);
  expect(live).toBe(120);
});
