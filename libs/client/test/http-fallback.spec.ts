import { describe, expect, test } from '@jest/globals';
import { VirtualEnvironment, FakeServer } from '@statewire/testing';

import { createRealtimeClient as createBrowserClient } from '../src/browser.js';
import type { HttpFallbackCode } from '../src/core/environment.js';
import { httpFallback } from '../src/http-fallback.js';
import type { RealtimeClientOptions } from '../src/index.js';
import { battle, battleAt, pause, setUp } from './support/bench.js';

/** A page that loads the code of the fallback. A test answers each request for it. */
function loadingPage(options: Partial<RealtimeClientOptions> = {}) {
  const requests: { succeed: () => void; fail: () => void }[] = [];
  const loadHttpFallback = () =>
    new Promise<HttpFallbackCode>((resolve, reject) => {
      const fail = () => reject(new TypeError('Failed to fetch dynamically imported module'));
      requests.push({ succeed: () => resolve(httpFallback), fail });
    });
  return { ...setUp({ ...options, environment: { loadHttpFallback, ...options.environment } }), requests };
}

describe('the code of the HTTP fallback', () => {
  test('is requested once, with the first connection', async () => {
    const { client, environment, requests } = loadingPage();
    await environment.advance(1_000);
    expect(requests).toHaveLength(0);
    client.connect();
    expect(requests).toHaveLength(1);
    requests[0]!.succeed();
    await environment.advance(60_000);
    expect(requests).toHaveLength(1);
    expect(client.status.state).toBe('live');
  });

  test('is not requested by a client that may not poll and gets through', async () => {
    const { client, environment, requests } = loadingPage({ polling: { enabled: false } });
    client.connect();
    await environment.advance(60_000);
    expect(client.status.state).toBe('live');
    expect(requests).toHaveLength(0);
  });

  test('is requested by a client that may not poll, to learn why the server rejects it', async () => {
    const { client, environment, requests, server } = loadingPage({ polling: { enabled: false } });
    server.upgrades('reject');
    server.verify = () => 'forbidden';
    client.connect();
    await environment.until(() => requests.length === 1);
    requests[0]!.succeed();
    await environment.until(() => client.status.state === 'denied', 1_000);
    expect(server.polls).toHaveLength(0);
  });

  test('B16: shows a value within a second of a start without a WebSocket, if it arrives before', async () => {
    const { client, environment, requests, server } = loadingPage();
    server.publish(battle, battleAt(3));
    server.upgrades('hang');
    const values: unknown[] = [];
    client.state(battle).subscribe((value) => values.push(value));
    await environment.advance(400);
    requests[0]!.succeed();
    await environment.advance(600);
    expect(values).toEqual([battleAt(3)]);
  });

  test('starts the polls that were due before it arrived', async () => {
    const { client, environment, requests, server } = loadingPage();
    server.publish(battle, battleAt(3));
    server.upgrades('hang');
    const values: unknown[] = [];
    client.state(battle).subscribe((value) => values.push(value));
    await environment.advance(3_000);
    expect(client.status.state).toBe('connecting');
    requests[0]!.succeed();
    await environment.advance(50);
    expect(values).toEqual([battleAt(3)]);
    expect(client.status.state).toBe('polling');
  });

  test('is requested again with growing delays, and the status tells the reason', async () => {
    const { client, environment, requests, server } = loadingPage();
    server.publish(battle, battleAt(3));
    server.upgrades('reject');
    const values: unknown[] = [];
    client.state(battle).subscribe((value) => values.push(value));
    const times: number[] = [];
    for (let failures = 0; failures < 4; failures++) {
      await environment.until(() => requests.length > failures);
      times.push(environment.monotonic());
      await environment.advance(800);
      requests[failures]!.fail();
    }
    await environment.settle();
    expect(client.status).toMatchObject({ state: 'offline', reason: { code: 'not-loaded' } });
    await environment.until(() => requests.length === 5);
    requests[4]!.succeed();
    await environment.advance(100);
    expect(values).toEqual([battleAt(3)]);
    expect(client.status.state).toBe('polling');
    const delays = times.slice(1).map((time, index) => time - times[index]! - 800);
    expect(delays).toEqual([1_000, 2_000, 4_000]);
  });

  test('is requested again at once when the network is back', async () => {
    const { client, environment, requests } = loadingPage();
    client.connect();
    requests[0]!.fail();
    await environment.advance(10);
    expect(requests).toHaveLength(1);
    environment.wake('online');
    expect(requests).toHaveLength(2);
  });

  test('leaves a live client live if it fails, and is there for the next outage', async () => {
    const { client, environment, requests, server, states } = loadingPage();
    server.publish(battle, battleAt(1));
    client.state(battle).subscribe();
    requests[0]!.fail();
    await environment.until(() => requests.length === 2);
    requests[1]!.succeed();
    await environment.advance(5_000);
    expect(states()).toEqual(['idle', 'connecting', 'live']);
    server.upgrades('reject');
    server.cut();
    await environment.until(() => client.status.state === 'polling', 1_000);
  });

  test('is an error of the status also if the function of the environment throws', async () => {
    const loadHttpFallback = () => {
      throw new Error('no module');
    };
    const { client, environment, server, statuses } = setUp({ environment: { loadHttpFallback } });
    server.upgrades('reject');
    client.connect();
    await environment.advance(2_000);
    expect(statuses).toContainEqual(
      expect.objectContaining({
        state: 'offline',
        reason: { code: 'not-loaded', message: 'the page could not load the HTTP fallback: no module' },
      }),
    );
    server.upgrades('pass');
    await environment.until(() => client.status.state === 'live');
  });

  test('runs an action over HTTP once it has arrived', async () => {
    const { client, environment, requests, server } = loadingPage();
    server.handle(pause.name, () => ({ paused: true }));
    server.upgrades('reject');
    const answers: unknown[] = [];
    client.act(pause, { battleId: '1' }).subscribe((answer) => answers.push(answer));
    await environment.advance(5_000);
    requests[0]!.succeed();
    await environment.advance(100);
    expect(answers).toEqual([{ paused: true }]);
    expect(server.actions.run).toHaveLength(1);
  });

  test.each(['succeed', 'fail'] as const)('does nothing in a closed client when its request %ss', async (end) => {
    const { client, environment, requests, server } = loadingPage();
    server.upgrades('hang');
    client.state(battle).subscribe();
    await environment.advance(2_000);
    client.close();
    requests[0]![end]();
    await environment.advance(60_000);
    expect(requests).toHaveLength(1);
    expect(server.polls).toHaveLength(0);
    expect(environment.timers).toBe(0);
  });

  test('stays requested over a disconnect, and serves the next connection', async () => {
    const { client, environment, requests, server } = loadingPage({ lingerMs: 0, disconnectAfterMs: 100 });
    server.publish(battle, battleAt(1));
    client.state(battle).subscribe().unsubscribe();
    await environment.until(() => client.status.state === 'idle');
    server.upgrades('reject');
    const values: unknown[] = [];
    client.state(battle).subscribe((value) => values.push(value));
    requests[0]!.succeed();
    await environment.until(() => values.length === 1, 1_000);
    expect(requests).toHaveLength(1);
  });
});

test('the client of pages imports the code of the fallback by itself', async () => {
  const environment = new VirtualEnvironment();
  const server = new FakeServer(environment);
  server.publish(battle, battleAt(3));
  const client = createBrowserClient({
    origin: 'http://fake',
    environment: { ...environment, openWebSocket: undefined },
  });
  const values: unknown[] = [];
  client.state(battle).subscribe((value) => values.push(value));
  // The import takes real time, and no virtual time.
  while (values.length === 0) await environment.advance(10);
  expect(values).toEqual([battleAt(3)]);
  client.close();
});
