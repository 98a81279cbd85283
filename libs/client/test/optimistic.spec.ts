import { action, stateTopic } from '@statewire/protocol';
import { describe, expect, test } from '@jest/globals';
import { FakeActionError } from '@statewire/testing';

import type { TopicState } from '../src/index.js';
import { setUp, type Setup } from './support/bench.js';

interface Shop {
  readonly gold: number;
  readonly open: boolean;
  readonly shelf: { readonly items: readonly string[] };
}

const shops = stateTopic<Shop>()('shops/:id');
const shop = shops.with({ id: '1' });
const stall = shops.with({ id: '2' });
const pay = action<{ amount: number }, string>('pay');
const close = action<Record<string, never>, string>('close');

const SHELF = { items: ['sword', 'a shield with a long name'] };
const shopWith = (gold: number, open = true): Shop => ({ gold, open, shelf: SHELF });
const paid = (amount: number) => (value: Shop) => ({ ...value, gold: value.gold - amount });
const shut = (value: Shop) => ({ ...value, open: false });

function watch({ client }: Pick<Setup, 'client'>, topic = shop) {
  const states: TopicState<Shop>[] = [];
  client.topic(topic).subscribe((state) => states.push(state));
  return states;
}

/** The shown values without repetitions, as `gold`, or `gold?` while an update is pending. */
function shown(states: readonly TopicState<Shop>[]) {
  const all = states.map(({ value, pending }) => `${value?.gold ?? '-'}${'?'.repeat(pending)}`);
  return all.filter((text, i) => text !== all[i - 1]);
}

/** The publication of the handler reaches the socket after its ack. */
function deliverAfterAck({ server, environment }: Pick<Setup, 'server' | 'environment'>): void {
  for (const connection of server.connections) {
    const publish = connection.publish.bind(connection);
    connection.publish = (frame) => void environment.setTimer(() => publish(frame), 5);
  }
}

const transports = [
  ['the WebSocket', () => setUp()],
  ['polling', () => setUp({ environment: { openWebSocket: undefined } })],
] as const;

describe.each(transports)('an optimistic update over %s', (_, make: () => Setup) => {
  async function opened() {
    const setup = make();
    const { environment, server } = setup;
    server.publish(shop, shopWith(10));
    const states = watch(setup);
    await environment.advance(200);
    return { ...setup, states, last: () => states.at(-1)! };
  }

  test('is shown at once, with the confirmed value, its position and its freshness', async () => {
    const { client, server, last } = await opened();
    client.act(pay, { amount: 3 }, { optimistic: [shop, paid(3)] });
    expect(last()).toEqual({
      value: shopWith(7),
      confirmed: shopWith(10),
      pending: 1,
      position: server.position(shop),
      freshness: { state: 'live' },
      error: undefined,
    });
  });

  test('ends in the same state in which its effect arrives after the ack', async () => {
    const setup = await opened();
    const { environment, server, client, states } = setup;
    deliverAfterAck(setup);
    server.handle(pay.name, () => void server.publish(shop, shopWith(7)));
    const from = states.length;
    client.act(pay, { amount: 3 }, { optimistic: [shop, paid(3)] });
    await environment.advance(2_100);
    expect(shown(states.slice(from))).toEqual(['7?', '7']);
    expect(states.at(-1)).toMatchObject({ value: shopWith(7), confirmed: shopWith(7), pending: 0 });
  });

  test('stays on top of newer values until then', async () => {
    const setup = await opened();
    const { environment, server, client, last } = setup;
    server.handle(pay.name, () => new Promise(() => undefined));
    client.act(pay, { amount: 3 }, { optimistic: [shop, paid(3)] });
    for (const gold of [20, 30, 40]) {
      server.publish(shop, shopWith(gold));
      await environment.advance(2_100);
      expect(last()).toMatchObject({ value: shopWith(gold - 3), confirmed: shopWith(gold), pending: 1 });
      expect(last().position).toEqual(server.position(shop));
    }
  });

  test('ends with an ack whose position was reached before', async () => {
    const { environment, server, client, states } = await opened();
    server.handle(close.name, async () => {
      server.publish(shop, shopWith(10, false));
      await new Promise<void>((resolve) => void environment.setTimer(resolve, 5_000));
    });
    const from = states.length;
    client.act(close, {}, { optimistic: [shop, shut] });
    await environment.advance(8_000);
    const seen = states.slice(from).map(({ value, pending }) => `${value?.open} ${pending}`);
    expect(seen.filter((text, i) => text !== seen[i - 1])).toEqual(['false 1', 'false 0']);
  });

  test('ends with an ack of a handler that did not publish to the topic', async () => {
    const { environment, server, client, states, last } = await opened();
    server.handle(pay.name, () => void server.publish(stall, shopWith(1)));
    const log: unknown[] = [];
    client.act(pay, { amount: 3 }, { optimistic: [shop, paid(3)] }).subscribe({
      next: () => undefined,
      complete: () => log.push(last().value?.gold, last().pending),
    });
    await environment.advance(200);
    expect(shown(states).slice(-3)).toEqual(['10', '7?', '10']);
    expect(log).toEqual([10, 0]);
  });

  test('ends when the action is rejected, before the action reports its error', async () => {
    const { environment, server, client, last } = await opened();
    server.handle(pay.name, () => {
      throw new FakeActionError('action_failed');
    });
    const log: unknown[] = [];
    client
      .act(pay, { amount: 3 }, { optimistic: [shop, paid(3)] })
      .subscribe({ error: ({ code }) => log.push(code, last().value?.gold, last().pending) });
    await environment.advance(200);
    expect(log).toEqual(['action_failed', 10, 0]);
  });

  test('of several actions are shown in order, and a rejected one does not affect the others', async () => {
    const setup = await opened();
    const { environment, server, client, last } = setup;
    let gold = 10;
    server.handle(pay.name, async ({ amount }: { amount: number }) => {
      await new Promise<void>((resolve) => void environment.setTimer(resolve, 3_000));
      if (amount === 2) throw new FakeActionError('forbidden');
      server.publish(shop, shopWith((gold -= amount)));
    });
    client.act(pay, { amount: 1 }, { optimistic: [shop, paid(1)] });
    client.act(pay, { amount: 2 }, { optimistic: [shop, (value) => ({ ...value, gold: value.gold * 10 })] });
    client.act(pay, { amount: 4 }, { optimistic: [shop, paid(4)] });
    expect(last()).toMatchObject({ value: { gold: 86 }, confirmed: { gold: 10 }, pending: 3 });
    await environment.advance(30_000);
    expect(last()).toMatchObject({ value: { gold: 5 }, confirmed: { gold: 5 }, pending: 0 });
  });

  test('of two topics ends in each topic with its own effect', async () => {
    const setup = await opened();
    const { environment, server, client } = setup;
    server.publish(stall, shopWith(0));
    const other = watch(setup, stall);
    await environment.advance(2_100);
    server.handle(pay.name, () => void server.publish(stall, shopWith(5)));
    client.act(
      pay,
      { amount: 3 },
      {
        optimistic: [
          [shop, paid(3)],
          [stall, (value) => ({ ...value, gold: 5 })],
        ],
      },
    );
    expect([setup.last().value?.gold, other.at(-1)!.value?.gold]).toEqual([7, 5]);
    await environment.advance(2_100);
    expect([setup.last(), other.at(-1)]).toMatchObject([
      { value: { gold: 10 }, pending: 0 },
      { value: { gold: 5 }, pending: 0 },
    ]);
  });

  test('ends with the first value of a new epoch after the ack', async () => {
    const setup = await opened();
    const { environment, server, client, states } = setup;
    deliverAfterAck(setup);
    server.handle(pay.name, () => void server.publish(shop, shopWith(7)));
    const polls = server.polls.length;
    client.act(pay, { amount: 3 }, { optimistic: [shop, paid(3)] });
    await environment.until(() => server.actions.run.length === 1);
    server.renew(shop);
    await environment.advance(2_100);
    expect(server.polls.length).toBeGreaterThanOrEqual(polls);
    expect(shown(states).slice(-2)).toEqual(['7?', '7']);
    expect(states.at(-1)!.position).toEqual(server.position(shop));
  });

  test('with an effect in a later epoch stays until that epoch arrives', async () => {
    const setup = await opened();
    const { environment, server, client, states } = setup;
    deliverAfterAck(setup);
    server.handle(pay.name, () => {
      server.renew(shop);
      server.publish(shop, shopWith(7));
    });
    const from = states.length;
    client.act(pay, { amount: 3 }, { optimistic: [shop, paid(3)] });
    await environment.advance(2_100);
    expect(shown(states.slice(from)).at(0)).toBe('7?');
    expect(states.at(-1)).toMatchObject({ value: shopWith(7), pending: 0, position: server.position(shop) });
    expect(shown(states.slice(from))).not.toContain('10');
  });

  test('ends when the topic is withdrawn', async () => {
    const { environment, server, client, last } = await opened();
    server.handle(pay.name, () => new Promise(() => undefined));
    client.act(pay, { amount: 3 }, { optimistic: [shop, paid(3)] });
    server.reject(shop, 'forbidden');
    server.unsubscribe(shop, 'forbidden');
    await environment.advance(2_100);
    expect(last()).toMatchObject({ value: undefined, confirmed: undefined, pending: 0, error: { code: 'forbidden' } });
  });

  test('that throws ends and is reported, and the action and other updates continue', async () => {
    const problems: unknown[] = [];
    const setup = setUp({
      onError: (error) => problems.push((error as Error).message),
      ...(_ === 'polling' && { environment: { openWebSocket: undefined } }),
    });
    const { environment, server, client } = setup;
    server.publish(shop, shopWith(10));
    server.handle(pay.name, () => 'thanks');
    const states = watch(setup);
    await environment.advance(200);
    const results: unknown[] = [];
    const bug = () => {
      throw new Error('a bug');
    };
    client
      .act(
        pay,
        { amount: 3 },
        {
          optimistic: [
            [shop, bug],
            [shop, paid(3)],
          ],
        },
      )
      .subscribe((r) => results.push(r));
    expect(states.at(-1)).toMatchObject({ value: { gold: 7 }, pending: 1 });
    await environment.advance(200);
    expect(results).toEqual(['thanks']);
    expect(problems).toEqual(['a bug']);
  });

  test('survives the loss of the connection and ends with the repeated answer and the value', async () => {
    const { environment, server, client, states, last } = await opened();
    server.handle(pay.name, () => void server.publish(shop, shopWith(7)));
    server.http('unreachable');
    server.upgrades('reject');
    server.cut();
    await environment.advance(3_000);
    client.act(pay, { amount: 3 }, { expiresAfterMs: 0, optimistic: [shop, paid(3)] });
    await environment.advance(60_000);
    expect(last()).toMatchObject({ value: { gold: 7 }, confirmed: { gold: 10 }, pending: 1 });
    expect(last().freshness.state).toBe('stale');
    server.http('pass');
    server.upgrades('pass');
    await environment.until(() => last().pending === 0, 60_000);
    await environment.advance(3_000);
    expect(last()).toMatchObject({ value: { gold: 7 }, confirmed: { gold: 7 }, freshness: { state: 'live' } });
    expect(shown(states).filter((text) => text === '10')).toHaveLength(1);
  });
});

describe('an optimistic update', () => {
  async function opened(options: Parameters<typeof setUp>[0] = {}, server: Parameters<typeof setUp>[1] = {}) {
    const setup = setUp(options, server);
    setup.server.publish(shop, shopWith(10));
    const states = watch(setup);
    await setup.environment.advance(200);
    return { ...setup, states, last: () => states.at(-1)! };
  }

  test('follows the action to the other transport and ends there by its position', async () => {
    const setup = await opened();
    const { environment, server, client, states, last } = setup;
    let runs = 0;
    server.handle(pay.name, () => {
      runs += 1;
      server.publish(shop, shopWith(7));
    });
    server.blackhole();
    client.act(pay, { amount: 3 }, { optimistic: [shop, paid(3)] });
    server.upgrades('reject');
    await environment.advance(3_000);
    expect(client.status.state).toBe('polling');
    expect(last()).toMatchObject({ value: { gold: 7 }, confirmed: { gold: 7 }, pending: 0 });
    expect(shown(states)).toEqual(['-', '10', '7?', '7']);
    expect(runs).toBe(1);
  });

  test('ends when the outcome is unknown or the action was never sent', async () => {
    const { environment, server, client, last } = await opened({}, { actionWindow: 10_000 });
    server.handle(pay.name, () => new Promise(() => undefined));
    const codes: string[] = [];
    const act = (amount: number) =>
      client
        .act(pay, { amount }, { optimistic: [shop, paid(amount)], expiresAfterMs: 8_000 })
        .subscribe({ error: ({ code }) => codes.push(`${code} ${last().value?.gold}`) });
    act(1);
    await environment.advance(100);
    server.http('unreachable');
    server.upgrades('reject');
    server.cut();
    await environment.advance(1_000);
    act(2);
    expect(last()).toMatchObject({ value: { gold: 7 }, pending: 2 });
    await environment.advance(12_000);
    expect(codes).toEqual(['not_sent 9', 'outcome_unknown 10']);
    expect(last()).toMatchObject({ value: { gold: 10 }, pending: 0 });
  });

  test('of an action that the client rejects is never shown', async () => {
    const { client, states, last } = await opened({}, { frameBytes: 1_000 });
    const before = states.length;
    client.act(action<string, void>('say'), 'x'.repeat(2_000), { optimistic: [shop, paid(3)] }).subscribe({
      error: () => undefined,
    });
    client.close();
    client.act(pay, { amount: 3 }, { optimistic: [shop, paid(3)] }).subscribe({ error: () => undefined });
    expect(states).toHaveLength(before);
    expect(last()).toMatchObject({ value: { gold: 10 }, pending: 0 });
  });

  test('shares unchanged parts and is computed once per value', async () => {
    const { environment, server, client, states, last } = await opened();
    server.handle(pay.name, () => new Promise(() => undefined));
    const before = last().value!;
    client.act(pay, { amount: 3 }, { optimistic: [shop, paid(3)] });
    const optimistic = last().value!;
    expect(optimistic.shelf).toBe(before.shelf);
    expect(last().confirmed).toBe(before);
    const from = states.length;
    server.blackhole();
    await environment.advance(60_000);
    expect(states.slice(from).some(({ freshness }) => freshness.state === 'stale')).toBe(true);
    for (const { value } of states.slice(from)) expect(value).toBe(optimistic);
    server.restore();
    await environment.advance(60_000);
    server.publish(shop, shopWith(20));
    await environment.advance(3_000);
    expect(last()).toMatchObject({ value: { gold: 17 }, pending: 1 });
    expect(last().value!.shelf).toBe(before.shelf);
  });

  test('cannot change the given value', async () => {
    const problems: unknown[] = [];
    const { client, last } = await opened({ onError: (error) => problems.push(error) });
    const careless = (value: Shop) => {
      (value.shelf.items as string[]).push('stolen');
      return value;
    };
    client.act(pay, { amount: 0 }, { optimistic: [shop, careless] });
    expect(problems).toEqual([expect.any(TypeError)]);
    expect(last()).toMatchObject({ value: { shelf: SHELF }, pending: 0 });
  });

  test('that returns undefined ends, and its error has the remedy', async () => {
    const problems: unknown[] = [];
    const { client, last } = await opened({ onError: (error) => problems.push(error) });
    const forgetful = ((value: Shop) => void { ...value, gold: 7 }) as unknown as (value: Shop) => Shop;
    client.act(pay, { amount: 3 }, { optimistic: [shop, forgetful] });
    expect(problems).toEqual([
      expect.objectContaining({
        code: 'invalid_update',
        message: expect.stringContaining('Return the changed value'),
      }),
    ]);
    expect(last()).toMatchObject({ value: { gold: 10 }, pending: 0 });
  });

  test('that throws has no further effect if onError throws too', async () => {
    const { client, last } = await opened({
      onError: (error) => {
        throw error;
      },
    });
    client.act(
      pay,
      { amount: 3 },
      {
        optimistic: [
          shop,
          () => {
            throw new Error('a bug');
          },
        ],
      },
    );
    expect(last()).toMatchObject({ value: { gold: 10 }, pending: 0 });
  });

  test('of a topic without followers keeps it subscribed until the update ends', async () => {
    const setup = setUp();
    const { environment, server, client } = setup;
    server.publish(shop, shopWith(10));
    server.handle(pay.name, async () => {
      await new Promise<void>((resolve) => void environment.setTimer(resolve, 3_000));
      server.publish(shop, shopWith(7));
    });
    client.act(pay, { amount: 3 }, { optimistic: [shop, paid(3)] });
    await environment.advance(2_000);
    const states = watch(setup);
    expect(states).toMatchObject([{ value: { gold: 7 }, confirmed: { gold: 10 }, pending: 1 }]);
    client.act(pay, { amount: 0 }, { optimistic: [stall, shut] });
    await environment.advance(100);
    expect([...server.connections[0]!.subscriptions]).toContain(stall.name);
    await environment.advance(8_000);
    expect([...server.connections[0]!.subscriptions]).toEqual([shop.name]);
    expect(states.at(-1)).toMatchObject({ value: { gold: 7 }, pending: 0 });
  });

  test('made by an observer of the same topic reaches all observers in order', async () => {
    const setup = await opened();
    const { environment, server, client } = setup;
    server.handle(close.name, () => new Promise(() => undefined));
    let acted = false;
    client.state(shop).subscribe(({ gold }) => {
      if (gold !== 20 || acted) return;
      acted = true;
      client.act(close, {}, { optimistic: [shop, shut] });
    });
    const second = watch(setup);
    server.publish(shop, shopWith(20));
    await environment.advance(100);
    expect(second.slice(-2).map(({ value }) => [value?.gold, value?.open])).toEqual([
      [20, true],
      [20, false],
    ]);
  });

  test('ends with close() and leaves no timer', async () => {
    const { environment, server, client, last } = await opened();
    server.handle(pay.name, () => new Promise(() => undefined));
    client.act(pay, { amount: 3 }, { optimistic: [shop, paid(3)] }).subscribe({ error: () => undefined });
    await environment.advance(100);
    client.close();
    await environment.advance(20);
    expect(last()).toMatchObject({ value: { gold: 10 }, pending: 0 });
    expect(environment.timers).toBe(0);
  });
});
