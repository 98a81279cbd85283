import { describe, expect, test } from '@jest/globals';
import { FakeServer, VirtualEnvironment } from '@statewire/testing';

import { createRealtimeClient } from '../src/index.js';
import { battle, battleAt, notices, other, pause, setUp } from './support/bench.js';

const frameTypes = (frames: readonly { type: string }[]) => frames.map(({ type }) => type);

describe('connecting', () => {
  test('the client opens nothing before a subscription, an action or connect()', async () => {
    const { environment, server, client, states } = setUp();
    client.state(battle);
    client.events(notices);
    await environment.advance(5_000);
    expect(server.upgradeCount).toBe(0);
    expect(states()).toEqual(['idle']);
    client.connect();
    await environment.advance(100);
    expect(states()).toEqual(['idle', 'connecting', 'live']);
  });

  test('hello, subscriptions and actions leave together when the socket opens', async () => {
    const { environment, server, client } = setUp();
    server.answersHello = false;
    server.handle(pause.name, () => ({ paused: true }));
    client.state(battle).subscribe();
    client.state(other).subscribe();
    client.act(pause, { battleId: '1' });
    await environment.advance(35);
    const { received } = server.connections[0]!;
    expect(frameTypes(received)).toEqual(['hello', 'subscribe', 'action']);
    expect(received[1]).toMatchObject({ topics: [{ topic: battle.name }, { topic: other.name }] });
  });

  test('the first value arrives one round trip after the socket opens', async () => {
    const { environment, server, client } = setUp();
    server.publish(battle, battleAt(1));
    const values: unknown[] = [];
    client.state(battle).subscribe((value) => values.push(value));
    await environment.advance(40);
    expect(values).toEqual([battleAt(1)]);
  });

  test('a status keeps its time while only the round trip changes', async () => {
    const { environment, client, statuses } = setUp();
    client.connect();
    await environment.advance(200);
    const live = statuses.filter(({ state }) => state === 'live');
    expect(live.at(-1)).toMatchObject({ transport: 'websocket', roundTripTimeMs: 20 });
    expect(new Set(live.map(({ enteredAt }) => enteredAt)).size).toBe(1);
  });

  test('the status has a true round trip within two seconds, the smallest of the last three', async () => {
    let latency = 50;
    const { environment, client } = setUp({}, { latency: () => latency });
    const roundTrip = () => client.status.state === 'live' && client.status.roundTripTimeMs;
    client.connect();
    await environment.advance(400);
    expect(roundTrip()).toBe(100);
    latency = 10;
    await environment.advance(1_600);
    expect(roundTrip()).toBe(20);
    latency = 60;
    await environment.advance(20_000);
    expect(roundTrip()).toBe(20);
    await environment.advance(10_000);
    expect(roundTrip()).toBe(120);
  });

  test('without an observer of the status the client pings at the interval of the server', async () => {
    const environment = new VirtualEnvironment();
    const server = new FakeServer(environment, { heartbeat: { interval: 60_000, timeout: 10_000 } });
    const client = createRealtimeClient({ origin: 'http://fake', environment });
    const pings = () => frameTypes(server.connections[0]!.received).filter((type) => type === 'ping').length;
    client.connect();
    await environment.advance(50_000);
    expect(pings()).toBe(2);
    const observer = client.status$.subscribe();
    await environment.advance(60_000);
    expect(pings()).toBeGreaterThan(6);
    observer.unsubscribe();
    await environment.advance(11_000);
    const before = pings();
    await environment.advance(49_000);
    expect(pings()).toBe(before);
  });

  test('an asynchronous token is fetched while the socket opens', async () => {
    const { environment, server, client } = setUp({
      token: () => new Promise((resolve) => void environment.setTimer(() => resolve('secret'), 15)),
    });
    client.connect();
    await environment.advance(50);
    expect(server.connections[0]!.hello).toMatchObject({ token: 'secret' });
    expect(client.status.state).toBe('live');
  });

  test('a token function that fails is called again with backoff', async () => {
    let calls = 0;
    const { environment, client } = setUp({
      token: () => {
        calls += 1;
        if (calls === 1) throw new Error('the session service is down');
        return 'secret';
      },
      polling: { enabled: false },
    });
    client.connect();
    await environment.advance(1);
    expect(client.status).toMatchObject({
      state: 'offline',
      reason: { code: 'signed-out', message: 'the session service is down' },
    });
    await environment.advance(2_100);
    expect(client.status.state).toBe('live');
  });

  test("close code 4003 denies the client with the server's reason, and connect() tries again", async () => {
    const { environment, server, client } = setUp();
    server.verify = () => 'forbidden';
    client.state(battle).subscribe();
    await environment.advance(100);
    expect(client.status).toMatchObject({ state: 'denied', reason: { code: 'forbidden' } });
    await environment.advance(60_000);
    expect(server.upgradeCount).toBe(1);
    expect(server.polls).toHaveLength(0);
    server.verify = () => undefined;
    client.state(other).subscribe();
    await environment.advance(100);
    expect(client.status.state).toBe('denied');
    client.connect();
    await environment.advance(100);
    expect(client.status.state).toBe('live');
  });

  test('a malformed frame ends the connection, and the client reconnects', async () => {
    const { environment, server, client, statuses } = setUp();
    client.connect();
    await environment.advance(100);
    server.connections[0]!.sendRaw('{"type":"snapshot","topic":17}');
    await environment.advance(2_200);
    expect(client.status.state).toBe('live');
    expect(server.upgradeCount).toBe(2);
    expect(statuses).toContainEqual(
      expect.objectContaining({ reason: expect.objectContaining({ code: 'bad_request' }) }),
    );
  });

  test('a frame of an unknown type is ignored', async () => {
    const { environment, server, client } = setUp();
    client.connect();
    await environment.advance(100);
    server.connections[0]!.sendRaw('{"type":"confetti"}');
    await environment.advance(100);
    expect(server.upgradeCount).toBe(1);
    expect(client.status.state).toBe('live');
  });

  test('close() completes every observable, settles actions and leaves neither timers nor listeners', async () => {
    const { environment, server, client } = setUp();
    const ended: string[] = [];
    const end = (name: string) => ({
      complete: () => ended.push(name),
      error: (e: { code: string }) => ended.push(e.code),
    });
    client.status$.subscribe(end('status'));
    client.metrics$.subscribe(end('metrics'));
    client.state(battle).subscribe(end('state'));
    client.topic(other).subscribe(end('topic'));
    client.deliveries(notices).subscribe(end('deliveries'));
    server.declare(notices);
    server.handle(pause.name, () => new Promise(() => undefined));
    await environment.advance(100);
    client.act(pause, { battleId: '1' }).subscribe(end('act'));
    await environment.advance(100);
    client.close();
    client.close();
    await environment.advance(100);
    expect(ended.sort()).toEqual(['deliveries', 'metrics', 'outcome_unknown', 'state', 'status', 'topic']);
    expect(client.status.state).toBe('closed');
    expect(server.connections).toHaveLength(0);
    await environment.advance(300);
    expect(environment.timers).toBe(0);
    expect(environment.wakeListeners).toBe(0);
  });

  test('requests to a closed client fail at once', async () => {
    const { environment, server, client } = setUp();
    client.close();
    const ended: unknown[] = [];
    client.state(battle).subscribe({ complete: () => ended.push('state') });
    client.act(pause, { battleId: '1' }).subscribe({ error: ({ code }) => ended.push(code) });
    client.connect();
    await environment.advance(1_000);
    expect(ended).toEqual(['state', 'client_closed']);
    expect(server.upgradeCount).toBe(0);
  });

  test.each<[string, object]>([
    ['backoff.networkMs', { backoff: { networkMs: NaN } }],
    ['backoff.maxMs', { backoff: { maxMs: -1 } }],
    ['polling.intervalMs', { polling: { intervalMs: '5s' } }],
    ['polling.startAfterMs', { polling: { startAfterMs: '500' } }],
    ['polling.waitMs', { polling: { waitMs: Infinity } }],
    ['lingerMs', { lingerMs: 2 ** 31 }],
  ])('a client rejects an invalid %s', (option, options) => {
    expect(() => createRealtimeClient({ origin: 'https://play.example', ...options })).toThrow(
      expect.objectContaining({
        code: 'invalid_option',
        message: expect.stringContaining(`The option ${option} must be from 0 to 2147483647 milliseconds, got `),
      }),
    );
  });

  test.each(['webSocketPath', 'httpPath'])('a client rejects a %s without a slash at its start', (option) => {
    expect(() => createRealtimeClient({ origin: 'https://play.example', [option]: 'live' })).toThrow(
      expect.objectContaining({
        code: 'invalid_option',
        message: `The option ${option} must start with "/", got live.`,
      }),
    );
  });

  test('a client outside a browser needs an origin, and the error says so', () => {
    const expected = 'The option origin must be scheme and host without a path, such as "https://api.example", got ';
    expect(() => createRealtimeClient()).toThrow(
      expect.objectContaining({ code: 'invalid_option', message: `${expected}undefined.` }),
    );
    expect(() => createRealtimeClient({ origin: 'play.example' })).toThrow(`${expected}play.example.`);
  });

  test.each(['http://host/api', 'http://host/?a', 'http://host#a', 'http:///x'])(
    'a client rejects the path of an origin, which its own paths would replace: %s',
    (origin) => {
      expect(() => createRealtimeClient({ origin })).toThrow(`must be scheme and host without a path, such as`);
    },
  );

  test('a client accepts a slash at the end of its origin', () => {
    expect(() => createRealtimeClient({ origin: 'http://host:8080/' })).not.toThrow();
  });

  test.each<[string, object]>([
    ['webSocketPat', { webSocketPat: '/ws' }],
    ['polling.interval', { polling: { interval: 2 } }],
    ['backoff.max', { backoff: { max: 2 } }],
    ['webSocket.enable', { webSocket: { enable: false } }],
  ])('a client rejects the unknown option %s, and names the known ones', (option, options) => {
    expect(() => createRealtimeClient({ origin: 'https://play.example', ...options })).toThrow(
      expect.objectContaining({
        code: 'invalid_option',
        message: expect.stringMatching(
          `There is no option ${option}. The options are .*(httpPath|intervalMs|maxMs|enabled)`,
        ),
      }),
    );
  });
});
