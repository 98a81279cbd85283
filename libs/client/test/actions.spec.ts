import { action } from '@statewire/protocol';
import { describe, expect, test } from '@jest/globals';
import { FakeActionError } from '@statewire/testing';
import type { Observable } from 'rxjs';

import { battle, battleAt, pause, setUp, type Setup } from './support/bench.js';

const count = action<{ n: number }, number>('count');

/** The outcome of an observable, as text. */
function outcomes() {
  const log: unknown[] = [];
  return {
    log,
    watch: (name: string, result$: Observable<unknown>) =>
      result$.subscribe({ next: (result) => log.push([name, result]), error: ({ code }) => log.push([name, code]) }),
  };
}

const overWebSocket = () => setUp();
const overPolling = () => setUp({ environment: { openWebSocket: undefined } });

describe.each([
  ['the WebSocket', overWebSocket],
  ['polling', overPolling],
] as const)('actions over %s', (_, make: () => Setup) => {
  test('an action gets its result, with or without a subscriber', async () => {
    const { environment, server, client } = make();
    server.handle(count.name, ({ n }: { n: number }) => n + 1);
    const { log, watch } = outcomes();
    client.act(count, { n: 1 });
    const result$ = client.act(count, { n: 2 });
    await environment.advance(500);
    watch('late', result$);
    watch('later', result$);
    expect(log).toEqual([
      ['late', 3],
      ['later', 3],
    ]);
    expect(server.actions.run).toHaveLength(2);
  });

  test('a rejected action fails with the server’s code', async () => {
    const { environment, server, client } = make();
    server.handle(pause.name, () => {
      throw new FakeActionError('forbidden');
    });
    const { log, watch } = outcomes();
    watch('pause', client.act(pause, { battleId: '1' }));
    watch('unknown', client.act(count, { n: 1 }));
    await environment.advance(500);
    expect(log).toEqual([
      ['pause', 'forbidden'],
      ['unknown', 'unknown_action'],
    ]);
  });

  test('actions run in the order of their calls', async () => {
    const { environment, server, client } = make();
    const order: number[] = [];
    server.handle(count.name, ({ n }: { n: number }) => order.push(n));
    for (let n = 0; n < 20; n++) client.act(count, { n });
    await environment.advance(2_000);
    expect(order).toEqual(Array.from({ length: 20 }, (_, n) => n));
  });

  test('B20: the server forgets each answer with the next frame, or with a frame of its own soon after', async () => {
    const { client, environment, server } = make();
    server.handle(count.name, ({ n }: { n: number }) => n);
    client.connect();
    await environment.advance(5_000);
    const { log, watch } = outcomes();
    for (let n = 0; n < 100; n += 1) {
      watch(String(n), client.act(count, { n }));
      await environment.until(() => log.length > n, 5_000);
      expect(server.actions.remembered).toBe(1);
    }
    await environment.advance(2_500);
    expect(server.actions.remembered).toBe(0);
    expect(server.actions.run).toHaveLength(100);
  });

  test('more than 100 unanswered actions are rejected', async () => {
    const { client, environment, server } = make();
    server.handle(count.name, ({ n }: { n: number }) => n);
    const { log, watch } = outcomes();
    for (let n = 0; n < 101; n++) watch(String(n), client.act(count, { n }));
    expect(log).toEqual([['100', 'too_many_requests']]);
    await environment.advance(10_000);
    expect(log).toHaveLength(101);
  });
});

describe('the answers that the client confirms', () => {
  test('do not include an action whose first copy may still arrive, so that it runs once', async () => {
    const { client, environment, server } = setUp();
    server.handle(count.name, ({ n }: { n: number }) => n);
    client.connect();
    await environment.advance(5_000);
    const { log, watch } = outcomes();
    server.blackhole();
    watch('count', client.act(count, { n: 1 }));
    await environment.until(() => log.length === 1, 60_000);
    await environment.advance(10_000);
    expect(server.actions.received.map(({ transport }) => transport)).toEqual(['polling']);
    server.restore();
    await environment.advance(10_000);
    expect(server.actions.received.map(({ transport }) => transport)).toEqual(['polling', 'websocket']);
    expect(server.actions.run).toHaveLength(1);
    expect(log).toEqual([['count', 1]]);
  });

  test('are repeated on the next connection, because the last frames of the old one may be lost', async () => {
    const { client, environment, server } = setUp();
    server.handle(count.name, ({ n }: { n: number }) => n);
    client.connect();
    await environment.advance(100);
    client.act(count, { n: 1 });
    await environment.advance(500);
    const [connection] = server.connections;
    connection!.blackhole();
    await environment.advance(1_000);
    connection!.cut();
    expect(server.actions.remembered).toBe(1);
    await environment.advance(20_000);
    client.act(count, { n: 2 });
    await environment.advance(2_000);
    expect(server.actions.remembered).toBe(0);
  });
});

describe('an action', () => {
  test('above the size limit fails unsent', async () => {
    const { environment, server, client } = setUp({}, { frameBytes: 1_000 });
    client.connect();
    await environment.advance(100);
    const { log, watch } = outcomes();
    watch('large', client.act(action<string, void>('say'), 'ü'.repeat(500)));
    expect(log).toEqual([['large', 'too_large']]);
    await environment.advance(100);
    expect(server.actions.received).toHaveLength(0);
  });

  test('of unusual size waits for the limit in welcome', async () => {
    const { environment, server, client } = setUp({}, { frameBytes: 200_000 });
    server.handle('say', (text: string) => text.length);
    server.answersHello = false;
    const { log, watch } = outcomes();
    watch('safe', client.act(action<string, number>('say'), 'x'.repeat(16_000)));
    watch('large', client.act(action<string, number>('say'), 'x'.repeat(17_000)));
    await environment.advance(100);
    expect(log).toEqual([['safe', 16_000]]);
    server.answersHello = true;
    server.greet(server.connections[0]!, server.connections[0]!.hello!);
    await environment.advance(100);
    expect(log).toEqual([
      ['safe', 16_000],
      ['large', 17_000],
    ]);
  });

  test('with data that is not JSON fails at once', () => {
    const { client } = setUp();
    const { log, watch } = outcomes();
    watch('bigint', client.act(action<unknown, void>('say'), 1n));
    expect(log).toEqual([['bigint', 'bad_request']]);
  });

  test('that was never sent fails with not_sent after 30 s', async () => {
    const { environment, server, client } = setUp();
    server.upgrades('reject');
    server.http('unreachable');
    const { log, watch } = outcomes();
    client.state(battle).subscribe();
    await environment.advance(5_000);
    watch('pause', client.act(pause, { battleId: '1' }));
    watch('short', client.act(pause, { battleId: '1' }, { expiresAfterMs: 1_000 }));
    watch('durable', client.act(pause, { battleId: '1' }, { expiresAfterMs: 0 }));
    await environment.advance(29_000);
    expect(log).toEqual([['short', 'not_sent']]);
    await environment.advance(2_000);
    expect(log).toEqual([
      ['short', 'not_sent'],
      ['pause', 'not_sent'],
    ]);
    server.handle(pause.name, () => 'ok');
    server.upgrades('pass');
    await environment.until(() => log.length === 3, 60_000);
    expect(log[2]).toEqual(['durable', 'ok']);
  });

  test('that was lost with the socket runs once, on any transport', async () => {
    const { environment, server, client } = setUp();
    let runs = 0;
    server.handle(count.name, () => (runs += 1));
    client.state(battle).subscribe();
    await environment.advance(100);
    const { log, watch } = outcomes();
    watch('count', client.act(count, { n: 1 }));
    await environment.advance(15);
    expect(runs).toBe(1);
    server.cut();
    server.upgrades('reject');
    await environment.advance(1_500);
    expect(log).toEqual([['count', 1]]);
    expect(runs).toBe(1);
    expect(server.actions.received.map(({ transport }) => transport)).toEqual(['websocket', 'polling']);
  });

  test('without an answer is sent again in order, before newer ones', async () => {
    const { environment, server, client } = setUp();
    client.state(battle).subscribe();
    await environment.advance(100);
    server.blackhole();
    for (let n = 0; n < 5; n++) client.act(count, { n });
    const order: number[] = [];
    server.handle(count.name, ({ n }: { n: number }) => order.push(n));
    server.cut();
    client.act(count, { n: 5 });
    await environment.advance(700);
    client.act(count, { n: 6 });
    await environment.advance(2_000);
    expect(order).toEqual([0, 1, 2, 3, 4, 5, 6]);
  });

  test('older than the action window is not resent, and its outcome is unknown', async () => {
    const { environment, server, client } = setUp({}, { actionWindow: 10_000 });
    server.handle(count.name, () => new Promise(() => undefined));
    client.state(battle).subscribe();
    await environment.advance(100);
    const { log, watch } = outcomes();
    watch('count', client.act(count, { n: 1 }));
    await environment.advance(100);
    server.http('unreachable');
    server.upgrades('reject');
    server.cut();
    await environment.advance(9_500);
    expect(log).toEqual([]);
    await environment.advance(1_000);
    expect(log).toEqual([['count', 'outcome_unknown']]);
    server.upgrades('pass');
    await environment.advance(30_000);
    expect(server.actions.received).toHaveLength(1);
  });

  test('over HTTP starts a poll after its ack', async () => {
    const { environment, server, client } = setUp({ environment: { openWebSocket: undefined } });
    server.publish(battle, battleAt(1));
    server.handle(pause.name, () => void server.publish(battle, battleAt(2)));
    let tick = 0;
    client.state(battle).subscribe((value) => (tick = value.tick));
    await environment.advance(200);
    expect(tick).toBe(1);
    client.act(pause, { battleId: '1' });
    await environment.advance(50);
    expect(tick).toBe(2);
  });

  test('R10: is sent again after an answer of a proxy, and runs once', async () => {
    const { environment, server, client } = setUp({ environment: { openWebSocket: undefined } });
    let runs = 0;
    server.handle(count.name, () => (runs += 1));
    server.publish(battle, battleAt(1));
    client.state(battle).subscribe();
    await environment.advance(200);
    const { log, watch } = outcomes();
    for (const status of [502, 504]) {
      server.http({ status, body: '<html>bad gateway</html>' });
      watch(String(status), client.act(count, { n: status }));
      await environment.advance(500);
      server.http('pass');
      await environment.advance(5_000);
    }
    expect(log).toEqual([
      ['502', 1],
      ['504', 2],
    ]);
    expect(runs).toBe(2);
  });

  test('R10: is sent again after a truncated answer, and runs once', async () => {
    const { environment, server, client } = setUp({ environment: { openWebSocket: undefined } });
    let runs = 0;
    server.handle(count.name, () => (runs += 1));
    const { fetch } = server.network;
    let cuts = 2;
    const cutting = setUp({
      environment: {
        openWebSocket: undefined,
        fetch: async (input, init) => {
          const response = await fetch!(input, init);
          if (!(input as string).includes('/actions') || cuts-- <= 0) return response;
          throw new TypeError('the connection was reset');
        },
        setTimer: environment.setTimer,
        monotonic: environment.monotonic,
        now: environment.now,
      },
    });
    client.close();
    const { log, watch } = outcomes();
    watch('count', cutting.client.act(count, { n: 1 }));
    await environment.advance(5_000);
    expect(log).toEqual([['count', 1]]);
    expect(runs).toBe(1);
    expect(server.actions.received).toHaveLength(3);
  });

  test('over HTTP waits until the earlier one is answered', async () => {
    const { environment, server, client } = setUp({ environment: { openWebSocket: undefined } });
    let inFlight = 0;
    let most = 0;
    server.handle(count.name, async () => {
      inFlight += 1;
      most = Math.max(most, inFlight);
      await new Promise<void>((resolve) => void environment.setTimer(resolve, 50));
      inFlight -= 1;
    });
    for (let n = 0; n < 10; n++) client.act(count, { n });
    await environment.advance(2_000);
    expect(server.actions.run).toHaveLength(10);
    expect(most).toBe(1);
  });

  test('in flight over HTTP leaves no timer after close()', async () => {
    const { environment, server, client } = setUp({ environment: { openWebSocket: undefined } });
    server.handle(count.name, () => new Promise(() => undefined));
    client.connect();
    await environment.advance(1_000);
    client.act(count, { n: 1 });
    await environment.advance(100);
    client.close();
    await environment.settle();
    expect(environment.timers).toBe(0);
  });

  test('without an answer over HTTP is resent over the WebSocket', async () => {
    const { environment, server, client } = setUp();
    const order: number[] = [];
    server.handle(count.name, ({ n }: { n: number }) => order.push(n));
    server.upgrades('reject');
    client.state(battle).subscribe();
    await environment.advance(2_000);
    expect(client.status.state).toBe('polling');
    server.http('hang');
    for (let n = 0; n < 3; n++) client.act(count, { n });
    server.upgrades('pass');
    await environment.until(() => client.status.state === 'live', 45_000);
    await environment.advance(100);
    expect(order).toEqual([0, 1, 2]);
  });

  test.each([
    ['the WebSocket', overWebSocket],
    ['polling', overPolling],
  ] as const)('over %s says from the second copy on that a server may have run it', async (_, make: () => Setup) => {
    const { environment, server, client } = make();
    client.connect();
    await environment.advance(1_000);
    server.handle(count.name, ({ n }: { n: number }) => n);
    server.http('answer-lost');
    const { log, watch } = outcomes();
    watch('lost', client.act(count, { n: 1 }));
    await environment.until(() => server.actions.received.length === 1, 1_000);
    server.cut();
    await environment.until(() => server.actions.received.length === 2, 20_000);
    server.cut();
    server.http('pass');
    await environment.until(() => log.length === 1, 20_000);
    watch('next', client.act(count, { n: 2 }));
    await environment.until(() => log.length === 2, 5_000);
    const copies = server.actions.received.map(({ data, again }) => [(data as { n: number }).n, again]);
    expect(copies.slice(0, 2)).toEqual([
      [1, false],
      [1, true],
    ]);
    expect(copies.slice(2, -1).every(([n, again]) => n === 1 && again)).toBe(true);
    expect(copies.at(-1)).toEqual([2, false]);
    expect(log).toEqual([
      ['lost', 1],
      ['next', 2],
    ]);
  });

  test('says over the WebSocket that a server may have run it, if it was sent over HTTP before', async () => {
    const { environment, server, client } = setUp();
    server.handle(count.name, ({ n }: { n: number }) => n);
    server.upgrades('reject');
    client.state(battle).subscribe();
    await environment.until(() => client.status.state === 'polling', 20_000);
    server.http('answer-lost');
    client.act(count, { n: 1 });
    await environment.until(() => server.actions.received.length === 1, 5_000);
    server.http('hang');
    server.upgrades('pass');
    await environment.until(() => client.status.state === 'live', 60_000);
    await environment.advance(100);
    expect(server.actions.received.map(({ transport, again }) => [transport, again])).toEqual([
      ['polling', false],
      ['websocket', true],
    ]);
  });

  test.each([1_000, 4_000])('waits for a token over HTTP and expires unsent after 3 s; after %d ms', async (after) => {
    let give: (token: string) => void = () => undefined;
    const token = new Promise<string>((resolve) => (give = resolve));
    const { environment, server, client } = setUp({ environment: { openWebSocket: undefined }, token: () => token });
    server.handle(count.name, ({ n }: { n: number }) => n);
    const { log, watch } = outcomes();
    watch('count', client.act(count, { n: 1 }, { expiresAfterMs: 3_000 }));
    await environment.advance(after);
    give('token');
    await environment.advance(20_000);
    const isInTime = after < 3_000;
    expect(log).toEqual([['count', isInTime ? 1 : 'not_sent']]);
    expect(server.actions.received.map(({ again }) => again)).toEqual(isInTime ? [false] : []);
  });
});
