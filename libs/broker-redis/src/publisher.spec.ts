import { describe, expect, test } from '@jest/globals';

import { BIG, create, event, HISTORY, ids, state } from '../test/support/publisher-rig.js';
import { StaleLineageError } from './errors.js';

describe('order', () => {
  test('deltas that build on each other are under way together, and only the first whole value has data', async () => {
    const { link, outcomes, publish } = create();
    publish(state('a'));
    for (const [id, base] of ['ab', 'bc', 'cd'].map((pair) => [pair[1]!, pair[0]!])) publish(state(id!, base));
    const sent = link.take();
    expect(sent.map(({ id, withData }) => [id, withData])).toEqual([
      ['a', true],
      ['b', false],
      ['c', false],
      ['d', false],
    ]);
    for (const [index, one] of sent.entries()) await one.answer('OK', 'e', index + 1, index, index * 2);
    expect(outcomes).toEqual(Object.fromEntries('abcd'.split('').map((id, n) => [id, { epoch: 'e', offset: n + 1 }])));
  });

  test('each publication names the one before it that is under way', async () => {
    const { link, publish } = create();
    publish(state('b', 'a'));
    publish(state('whole'));
    publish(state('c', 'elsewhere'));
    const sent = link.take();
    expect(sent.map(({ id, before }) => [id, before])).toEqual([
      ['b', ''],
      ['whole', 'b'],
      ['c', 'whole'],
    ]);
    for (const [index, one] of sent.entries()) await one.answer('OK', 'e', index + 1, 0, 0);
    publish(state('d'));
    expect(link.take()[0]!.before).toBe('');
  });

  test('a refused delta is sent with its value, before all that was refused behind it', async () => {
    const { link, outcomes, publish } = create();
    for (const [id, base] of ['ab', 'bc', 'cd'].map((pair) => [pair[1]!, pair[0]!])) publish(state(id!, base));
    const first = link.take();
    await first[0]!.answer('NEED');
    publish(state('e', 'd'));
    expect(link.take()).toEqual([]);
    await first[1]!.answer('NEED');
    await first[2]!.answer('NEED');
    const second = link.take();
    expect(second.map(({ id, withData }) => [id, withData])).toEqual([
      ['b', true],
      ['c', false],
      ['d', false],
      ['e', false],
    ]);
    for (const [index, one] of second.entries()) await one.answer('OK', 'e', index + 5, index, index);
    expect(outcomes).toMatchObject({ b: { offset: 5 }, e: { offset: 8 } });
  });

  test('a rejected publication is not sent again, and those behind it are', async () => {
    const { link, outcomes, publish } = create();
    publish(state('first'), { only: { epoch: 'e', offset: 4 } });
    publish(state('second', 'first'));
    publish(state('third'), { fence: 7 });
    const [first, second, third] = link.take();
    await first!.answer('MOVED');
    await second!.answer('NEED');
    await third!.answer('FENCED');
    const [again] = link.take();
    expect([again!.id, again!.withData, again!.before]).toEqual(['second', true, '']);
    await again!.answer('OK', 'e', 9, 0, 0);
    expect(outcomes).toEqual({ first: 'moved', second: { epoch: 'e', offset: 9 }, third: 'fenced' });
  });

  test('publications of one topic do not wait for those of another', () => {
    const { link, publisher, publish } = create();
    publish(state('b', 'a'));
    void publisher.publish('elsewhere', state('whole'));
    expect(ids(link.take())).toEqual(['b', 'whole']);
  });

  test('after a change of the lineage all are sent again in order, once the server is adopted', async () => {
    const { link, publish } = create();
    for (const id of ['a', 'b', 'c']) publish(event(id));
    for (const one of link.take()) await one.fail(new StaleLineageError('STALE'));
    expect(link.adoptions).toBe(1);
    expect(ids(link.take())).toEqual(['a', 'b', 'c']);
  });
});

describe('keyframes', () => {
  test('a value is sent when the deltas since the last one are as large as it', async () => {
    const { link, publish } = create({ count: 10_000, bytes: 10_000_000, timeoutMs: 5_000 });
    publish(state('0'));
    for (let n = 1; n <= 1_100; n++) publish(state(String(n), String(n - 1)));
    const withData = link.take().flatMap(({ id, withData }) => (withData ? [Number(id)] : []));
    expect(withData.slice(0, 3)).toEqual([0, 500, 1000]);
  });

  test('a value is sent before the limit of count could remove a delta that a reader needs', () => {
    const { link, publish } = create(undefined, { ...HISTORY, count: 10 });
    publish(state('0'));
    for (let n = 1; n <= 12; n++) publish(state(String(n), String(n - 1)));
    expect(link.take().flatMap(({ id, withData }) => (withData ? [Number(id)] : []))).toEqual([0, 5, 10]);
  });

  test('the deltas of other nodes count', async () => {
    const { link, publish } = create();
    publish(state('b', 'a'));
    await link.take()[0]!.answer('OK', 'e', 2, 400, BIG.length - 1);
    publish(state('c', 'b'));
    expect(link.take()[0]!.withData).toBe(true);
  });
});
