import { describe, expect, test } from '@jest/globals';
import { eventTopic, stateTopic } from '@statewire/protocol';

import { sharedBroker } from '../../test/support/shared-broker.js';
import { EVENTS, setUp, STATE, type TestNode } from '../../test/support/topics-set-up.js';
import type { Broker } from '../core/broker.js';
import type { RealtimeBus } from '../realtime-bus.js';
import { TopicUpdates, type Draft } from './topic-updates.js';

interface Battle {
  readonly hp: number;
  readonly rows: readonly { readonly id: number; readonly hp: number; readonly text: string }[];
}

const rows = [0, 1, 2].map((id) => ({ id, hp: 10, text: 'a text that does not change' }));

function updatesOf(node: Pick<TestNode, 'environment' | 'topics'>) {
  const updates = new TopicUpdates(node.topics, node.environment);
  return (recipe: (draft: Draft<Battle>) => unknown, topic = STATE) => updates.update(topic, recipe);
}

async function battle(node = setUp()) {
  await node.topics.publish(STATE, { hp: 10, rows });
  return { ...node, update: updatesOf(node) };
}

async function valueOn({ environment, topics }: Pick<TestNode, 'environment' | 'topics'>): Promise<unknown> {
  const newest = topics.readNewest(STATE);
  await environment.settle();
  return (await newest).value;
}

describe('an update', () => {
  test('changes the newest value, and readers get the delta', async () => {
    const { environment, reader, update } = await battle();
    const alice = await reader().subscribe(STATE);
    await update((draft) => {
      draft.hp -= 5;
      draft.rows[1]!.hp = 7;
    });
    environment.tick();
    const expected = { hp: 5, rows: rows.map((row) => (row.id === 1 ? { ...row, hp: 7 } : row)) };
    expect(alice.update().value).toEqual(expected);
    expect(alice.types()).toEqual(['subscribed', 'snapshot', 'patch']);
    expect(alice.frames.at(-1)).toMatchObject({ delta: { '=hp': 5, '>rows': { '>1': { '=hp': 7 } } } });
  });

  test('keeps the objects of unchanged parts', async () => {
    const node = await battle();
    const rowsNow = async () => ((await node.topics.readNewest(STATE)).value as unknown as Battle).rows;
    const before = await rowsNow();
    await node.update((draft) => {
      draft.rows.splice(0, 1);
    });
    expect((await rowsNow())[0]).toBe(before[1]);
  });

  test('follows the one before it in the same turn, and does not depend on its success', async () => {
    const node = await battle();
    const failed = node.update(() => {
      throw new RangeError('no');
    });
    const order: number[] = [];
    const updates = [1, 2, 3].map((n) =>
      node.update((draft) => {
        order.push(n);
        draft.hp += n;
      }),
    );
    await expect(failed).rejects.toThrow(RangeError);
    const offsets = (await Promise.all(updates)).map(({ offset }) => offset);
    expect(offsets).toEqual([2, 3, 4]);
    expect(order).toEqual([1, 2, 3]);
    expect(await valueOn(node)).toMatchObject({ hp: 16 });
  });

  test('of two nodes at once runs again where the other node was faster, so that none is lost', async () => {
    const options = { wrap: (target: Broker) => sharedBroker(target, () => Promise.resolve()) };
    const one = await battle(setUp(options));
    const other = setUp(options, one.node);
    const updates = [one.update, updatesOf(other)];
    let runs = 0;
    const all = Array.from({ length: 40 }, (_, n) =>
      updates[n % 2]!((draft) => {
        runs += 1;
        draft.hp += 1;
      }),
    );
    await one.environment.advance(60_000);
    const positions = await Promise.all(all);
    expect(new Set(positions.map(({ offset }) => offset)).size).toBe(40);
    expect(await valueOn(one)).toMatchObject({ hp: 50 });
    expect(await valueOn(other)).toMatchObject({ hp: 50 });
    expect(runs).toBeGreaterThan(40);
  });

  test('waits for a publication that was faster and arrives late, as if it had come at once', async () => {
    const delayed: (() => void)[] = [];
    const wrap = (target: Broker): Broker => {
      const listen: Broker['listen'] = async (topic, listener) =>
        target.listen(topic, (message) => void delayed.push(() => listener(message)));
      return new Proxy(sharedBroker(target), {
        get: (broker, name: keyof Broker) => (name === 'listen' ? listen : broker[name]),
      });
    };
    const one = await battle(setUp({ wrap: (target) => sharedBroker(target) }));
    const other = setUp({ wrap }, one.node);
    await valueOn(other);
    await one.update((draft) => void (draft.hp = 7));
    const updated = updatesOf(other)((draft) => void (draft.hp += 1));
    one.environment.setTimer(() => delayed.splice(0).forEach((deliver) => deliver()), 3_000);
    await one.environment.advance(5_000);
    expect((await updated).offset).toBe(3);
    expect(await valueOn(one)).toMatchObject({ hp: 8 });
  });

  test('reads the value of another node', async () => {
    const one = await battle(setUp({ wrap: (target) => sharedBroker(target) }));
    const other = setUp({ wrap: (target) => sharedBroker(target) }, one.node);
    const updated = updatesOf(other)((draft) => {
      draft.hp = 1;
    });
    await one.environment.settle();
    expect((await updated).offset).toBe(2);
    expect(await valueOn(one)).toEqual({ hp: 1, rows });
  });

  test('begins with the value of the loader', async () => {
    const node = setUp({ load: () => ({ type: 'value', value: Promise.resolve({ hp: 3, rows }) }) });
    await updatesOf(node)((draft) => {
      draft.hp += 1;
    });
    expect(await valueOn(node)).toEqual({ hp: 4, rows });
  });

  test('that changes nothing publishes nothing', async () => {
    const node = await battle();
    const before = await node.topics.readNewest(STATE);
    expect(await node.update(() => undefined)).toEqual(before.position);
  });

  test('ignores what its recipe returns', async () => {
    const node = await battle();
    await node.update((draft) => (draft.hp -= 5));
    expect(await valueOn(node)).toEqual({ hp: 5, rows });
  });

  test('gives up when other publications always come in between', async () => {
    const node = await battle();
    let runs = 0;
    const updated = node.update((draft) => {
      runs += 1;
      draft.hp -= 1;
      void node.topics.publish(STATE, { hp: runs, rows });
    });
    const outcome = expect(updated).rejects.toMatchObject({ code: 'contended', name: 'PublishError' });
    await node.environment.advance(60_000);
    await outcome;
    expect(runs).toBe(20);
  });

  test.each([
    ['a topic without a value', undefined, 'no value yet'],
    ['a number', 7, 'no object'],
    ['null', null, 'no object'],
  ])('rejects %s', async (_, value, reason) => {
    const node = setUp();
    if (value !== undefined) await node.topics.publish(STATE, value);
    await expect(updatesOf(node)(() => undefined)).rejects.toMatchObject({
      code: 'not_updatable',
      message: expect.stringContaining(reason) as unknown,
    });
  });

  test('rejects an asynchronous recipe, and publishes nothing', async () => {
    const node = await battle();
    const update = node.update(async (draft) => {
      draft.hp = 0;
      await Promise.reject(new Error('never unhandled'));
    });
    await expect(update).rejects.toMatchObject({ code: 'not_updatable' });
    expect(await valueOn(node)).toEqual({ hp: 10, rows });
  });

  test('rejects a topic of events', async () => {
    await expect(updatesOf(setUp())(() => undefined, EVENTS)).rejects.toMatchObject({ code: 'not_updatable' });
  });

  test('rejects a topic whose only writer is an observable', async () => {
    const node = await battle();
    const lease = await node.broker.lease('topic:' + STATE.name);
    await expect(node.update((draft) => (draft.hp = 1))).rejects.toMatchObject({ code: 'has_source' });
    await lease!.release();
  });

  test('names the package that it needs and the application lacks', async () => {
    const node = await battle();
    const updates = new TopicUpdates(node.topics, node.environment, () => Promise.reject(new Error('not found')));
    await expect(updates.update(STATE, () => undefined)).rejects.toMatchObject({
      code: 'missing_package',
      message: expect.stringContaining('npm install mutative') as unknown,
    });
  });

  test('has a draft with the type of the contract', () => {
    const topic = stateTopic<Battle>()('battles/:id').with({ id: '1' });
    const news = eventTopic<Battle>()('news').with();
    const usage = (bus: RealtimeBus): void => {
      // @ts-expect-error Events have no value.
      void bus.update(news, () => undefined);
      void bus.update(topic, (draft) => {
        draft.rows.push({ id: 1, hp: 2, text: '' });
        // @ts-expect-error The contract has no such field.
        draft.mana = 1;
      });
    };
    expect(usage).toBeDefined();
  });
});
