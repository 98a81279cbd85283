import { stateTopic } from '@statewire/protocol';
import { describe, expect, test } from '@jest/globals';

import { setUp, type Setup } from './support/bench.js';

interface Stock {
  readonly title: { readonly text: string };
  readonly rows: readonly Row[];
}

interface Row {
  readonly sku: string;
  readonly price: { readonly amount: number };
}

const stock = stateTopic<Stock>()('stock', { rowKey: 'sku' }).with();

const TITLE = { text: 'A title that is longer than a change of one row' };
const row = (sku: string, amount: number): Row => ({ sku, price: { amount } });
const FIRST: Stock = { title: TITLE, rows: [row('a', 1), row('b', 2), row('c', 3)] };

const transports: readonly [string, (setup: Setup) => void][] = [
  ['WebSocket', () => undefined],
  ['polling', ({ server }) => server.upgrades('reject')],
];

/** Follows the topic on a transport. @returns the setup and the values so far. */
async function follow(select: (setup: Setup) => void) {
  // The history is so short that a client that missed something gets a snapshot.
  const setup = setUp({}, { history: 1 });
  const { client, environment, server } = setup;
  server.publish(stock, FIRST);
  select(setup);
  const values: Stock[] = [];
  client.state(stock).subscribe((value) => values.push(value));
  await environment.until(() => values.length === 1);
  return { ...setup, values };
}

describe.each(transports)('over %s', (_, select) => {
  test('a patch keeps the identity of unchanged parts', async () => {
    const { environment, server, values } = await follow(select);
    server.publish(stock, { ...FIRST, rows: [row('a', 1), row('b', 5), row('c', 3)] });
    await environment.until(() => values.length === 2);
    const [before, after] = values as [Stock, Stock];
    expect(after.title).toBe(before.title);
    expect(after.rows.map((each, index) => each === before.rows[index])).toEqual([true, false, true]);
  });

  test('a patch keeps the identity of rows that another row moves', async () => {
    const { environment, server, values } = await follow(select);
    server.publish(stock, { ...FIRST, rows: [row('new', 9), row('c', 3), row('a', 1), row('b', 2)] });
    await environment.until(() => values.length === 2);
    const [before, after] = values as [Stock, Stock];
    const [a, b, c] = before.rows;
    expect(after.rows.slice(1).map((each, index) => each === [c, a, b][index])).toEqual([true, true, true]);
  });

  test('a snapshot keeps the identity of the parts that it does not change', async () => {
    const { environment, server, values } = await follow(select);
    server.cut();
    server.publish(stock, FIRST);
    server.publish(stock, { ...FIRST, rows: [row('new', 9), row('c', 3), row('a', 1), row('b', 5)] });
    await environment.until(() => values.length === 2);
    const [before, after] = values as [Stock, Stock];
    const [a, b, c] = before.rows;
    expect(after).toEqual(server.value(stock));
    expect(after.title).toBe(before.title);
    expect(after.rows.slice(1).map((each, index) => each === [c, a, b][index])).toEqual([true, true, false]);
  });

  test('the snapshot of a new epoch with an equal value does not emit', async () => {
    const { client, environment, server, values } = await follow(select);
    const epochs = new Set<string | undefined>();
    client.topic(stock).subscribe(({ position }) => epochs.add(position?.epoch));
    server.cut();
    server.renew(stock);
    await environment.until(() => epochs.size === 2);
    await environment.advance(5_000);
    expect(values).toHaveLength(1);
  });
});

test('a switch from one transport to the other and back keeps the identity of equal parts', async () => {
  const { client, environment, server, values } = await follow(() => undefined);
  server.upgrades('reject');
  server.cut();
  server.renew(stock);
  server.publish(stock, { ...FIRST, title: { text: 'Another title, and the rows are equal' } });
  await environment.until(() => client.status.state === 'polling' && values.length === 2);
  server.upgrades('pass');
  server.renew(stock);
  await environment.until(() => client.status.state === 'live');
  await environment.advance(5_000);
  const [before, after] = values as [Stock, Stock];
  expect(values).toHaveLength(2);
  expect(after.rows).toBe(before.rows);
});

test('a large value is measured again after changes of a tenth of its size, and after smaller ones is not', async () => {
  const page = stateTopic<{ text: string; tail: string }>()('page').with();
  const { client, environment, server } = setUp();
  const shown = { text: 'x'.repeat(10_000), tail: '' };
  const publish = async (tail: string): Promise<number> => {
    const before = client.metrics.fullStateBytes;
    server.publish(page, { ...shown, tail });
    await environment.advance(2_000);
    return client.metrics.fullStateBytes - before;
  };
  client.state(page).subscribe();
  const size = await publish('');
  expect(size).toBe(JSON.stringify(shown).length);
  expect(await publish('a'.repeat(500))).toBe(size);
  expect(await publish('a'.repeat(600))).toBe(size);
  expect(await publish('b'.repeat(700))).toBe(size + 700);
});
