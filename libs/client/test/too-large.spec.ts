import { action, stateTopic } from '@statewire/protocol';
import { describe, expect, test } from '@jest/globals';
import type { Observable } from 'rxjs';

import { battle, setUp } from './support/bench.js';

const say = action<string, number>('say');

function start(options: Parameters<typeof setUp>[0] = {}, server: Parameters<typeof setUp>[1] = {}) {
  const setup = setUp(options, server);
  const log: unknown[] = [];
  const watch = (name: string, result$: Observable<unknown>) =>
    result$.subscribe({ next: (result) => log.push([name, result]), error: ({ code }) => log.push([name, code]) });
  const act = (name: string, characters: number) => watch(name, setup.client.act(say, 'x'.repeat(characters)));
  setup.server.handle(say.name, (text: string) => text.length);
  return { ...setup, act, log };
}

const states = ({ client }: ReturnType<typeof start>): string[] => {
  const seen: string[] = [];
  client.status$.subscribe(({ state }) => seen.push(state));
  return seen;
};

describe('an action that the server finds too large', () => {
  test('waits for the limit in welcome, and fails alone without being sent', async () => {
    const setup = start({}, { frameBytes: 16_384 });
    const { act, client, environment, log, server } = setup;
    const seen = states(setup);
    client.state(battle).subscribe();
    act('small', 100);
    act('large', 20_000);
    await environment.advance(5_000);
    expect(log).toEqual([
      ['large', 'too_large'],
      ['small', 100],
    ]);
    expect(client.status.state).toBe('live');
    expect(seen).not.toContain('denied');
    expect(server.connections).toHaveLength(1);
  });

  test.each([0, 5_000])(
    'ends with too_large after a close with 1009, and the others are answered; after %d ms',
    async (age) => {
      const setup = start();
      const { act, client, environment, log, server } = setup;
      const seen = states(setup);
      client.state(battle).subscribe();
      server.answersHello = age > 0;
      await environment.advance(age);
      server.handle(say.name, () => new Promise(() => undefined));
      act('small', 10);
      act('largest', 9_000);
      act('large', 8_000);
      await environment.until(() => server.actions.received.length === 3, 1_000);
      server.handle(say.name, (text: string) => text.length);
      server.actions.forget();
      server.answersHello = true;
      server.connections[0]!.close(1009);
      await environment.advance(20_000);
      expect(log).toEqual([
        ['largest', 'too_large'],
        ['small', 10],
        ['large', 8_000],
      ]);
      expect(client.status.state).toBe('live');
      expect(seen).not.toContain('denied');
    },
  );

  test('ends with outcome_unknown if an earlier copy may have run', async () => {
    const { act, client, environment, log, server } = start({ polling: { enabled: false } });
    client.state(battle).subscribe();
    await environment.advance(5_000);
    server.handle(say.name, () => new Promise(() => undefined));
    act('large', 9_000);
    await environment.until(() => server.actions.received.length === 1, 1_000);
    server.cut();
    await environment.until(() => server.actions.received.length === 2, 20_000);
    server.connections.at(-1)!.close(1009);
    await environment.advance(10);
    expect(log).toEqual([['large', 'outcome_unknown']]);
  });

  test('over HTTP ends with the answer of the server, or of a proxy, and the next one follows', async () => {
    const { act, client, environment, log, server } = start({ environment: { openWebSocket: undefined } });
    client.connect();
    await environment.advance(5_000);
    act('above the limit', 70_000);
    act('small', 10);
    await environment.advance(5_000);
    server.http({ status: 413, body: '<html>413 Request Entity Too Large</html>' });
    act('above the limit of a proxy', 30_000);
    act('next', 20);
    await environment.advance(0);
    server.http('pass');
    await environment.advance(20_000);
    expect(log).toEqual([
      ['above the limit', 'too_large'],
      ['small', 10],
      ['above the limit of a proxy', 'too_large'],
      ['next', 20],
    ]);
    expect(client.status.state).toBe('polling');
  });

  test('over HTTP waits until the server has answered a poll, and fails unsent above its limit', async () => {
    const { act, client, environment, log, server } = start(
      { environment: { openWebSocket: undefined } },
      { latency: 100 },
    );
    client.connect();
    act('small', 10);
    act('safe', 16_000);
    act('large', 60_000);
    act('too large', 70_000);
    await environment.until(() => log.length === 4, 5_000);
    expect(server.actions.received.map(({ data }) => (data as string | undefined)?.length)).toEqual([
      10, 16_000, 60_000,
    ]);
    expect(log).toContainEqual(['too large', 'too_large']);
  });
});

describe('another frame that the server finds too large', () => {
  test('ends no action', async () => {
    const token = 'x'.repeat(9_000);
    const { act, client, environment, log, server } = start({ token: () => token });
    act('small', 10);
    await environment.advance(0);
    server.connections[0]!.close(1009);
    await environment.advance(0);
    expect(log).toEqual([]);
    expect(client.status.state).not.toBe('denied');
    await environment.advance(20_000);
    expect(log).toEqual([['small', 10]]);
  });

  test('never comes from many topics with long names', async () => {
    const { client, environment, server } = start({ lingerMs: 0 });
    const names = Array.from({ length: 128 }, (_, n) => `${'n'.repeat(64)}/${'n'.repeat(64)}/${'n'.repeat(50)}/${n}`);
    client.connect();
    await environment.advance(100);
    const topics = names.map((name) => stateTopic<number>()(name).with());
    for (const topic of topics) server.publish(topic, 1);
    const subscriptions = topics.map((topic) => client.state(topic).subscribe());
    await environment.advance(1_000);
    server.cut();
    await environment.until(() => client.status.state === 'live', 20_000);
    for (const subscription of subscriptions) subscription.unsubscribe();
    await environment.advance(1_000);
    const sizes = server.connections.flatMap(({ received }) => received.map((frame) => JSON.stringify(frame).length));
    expect(Math.max(...sizes)).toBeLessThan(16_384);
    expect(server.connections.at(-1)!.subscriptions.size).toBe(0);
  });
});
