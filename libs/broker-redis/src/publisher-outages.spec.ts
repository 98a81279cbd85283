import { describe, expect, test } from '@jest/globals';
import { ConnectionLostError } from '@statewire/nest/broker';

import { BIG, create, event, ids, state, turn } from '../test/support/publisher-rig.js';
import { ALL_PARTITIONS } from './cluster.js';

describe('outages', () => {
  test('what was under way is sent again in order and marked, and the late replies of the old connection are ignored', async () => {
    const { link, publisher, outcomes, publish } = create();
    for (const id of ['a', 'b', 'c']) publish(event(id));
    const old = link.take();
    link.up = false;
    publisher.onLost(ALL_PARTITIONS);
    await old[0]!.answer('OK', 'e', 1, 0, 0);
    await old[1]!.fail(new ConnectionLostError('lost'));
    publish(event('d'));
    expect(outcomes).toEqual({});
    link.up = true;
    publisher.onUp(ALL_PARTITIONS);
    const again = link.take();
    expect(again.map(({ id, flags }) => [id, flags])).toEqual([
      ['a', 'r'],
      ['b', 'r'],
      ['c', 'r'],
      ['d', ''],
    ]);
    await old[2]!.answer('OK', 'old', 3, 0, 0);
    for (const [index, one] of again.entries()) await one.answer('OK', 'e', index + 1, 0, 0);
    expect(outcomes).toMatchObject({ a: { offset: 1 }, c: { epoch: 'e', offset: 3 }, d: { offset: 4 } });
  });

  test('of a state topic the newest value is sent, and its position answers for those that it supersedes', async () => {
    const { link, publisher, outcomes, publish } = create();
    publish(state('a'), { startsEpoch: true });
    link.take();
    link.up = false;
    publisher.onLost(ALL_PARTITIONS);
    for (const [id, base] of ['ab', 'bc'].map((pair) => [pair[1]!, pair[0]!])) publish(state(id!, base));
    expect(publisher.size).toBe(1);
    link.up = true;
    publisher.onUp(ALL_PARTITIONS);
    const [newest, ...rest] = link.take();
    expect(rest).toEqual([]);
    expect(newest).toMatchObject({ id: 'c', withData: true, flags: 's', base: '' });
    await newest!.answer('OK', 'e', 1, 0, 0);
    const position = { epoch: 'e', offset: 1 };
    expect(outcomes).toEqual({ a: position, b: position, c: position });
  });

  test('a value for a position, or by another holder of the lease, is not superseded', () => {
    const { link, publisher, publish } = create();
    link.up = false;
    publish(state('loaded'), { only: { epoch: 'e', offset: 0 } });
    publish(state('a'), { fence: 1 });
    publish(state('b'), { fence: 2 });
    publish(state('c'), { fence: 2 });
    link.up = true;
    publisher.onUp(ALL_PARTITIONS);
    expect(ids(link.take())).toEqual(['loaded', 'a', 'c']);
  });

  test('of several commands on an internal topic the newest is sent', async () => {
    const { link, publisher } = create();
    link.up = false;
    const commands = ['on', 'off'].map((id) => publisher.publish('statewire:switch', state(id)));
    link.up = true;
    publisher.onUp(ALL_PARTITIONS);
    const sent = link.take();
    expect(ids(sent)).toEqual(['off']);
    await sent[0]!.answer('OK', 'e', 1, 0, 0);
    expect(await Promise.all(commands)).toEqual([
      { epoch: 'e', offset: 1 },
      { epoch: 'e', offset: 1 },
    ]);
  });

  test('events, values for a position and commands wait for the timeout, and then reject', async () => {
    const { link, environment, publisher, outcomes, publish } = create();
    link.up = false;
    publisher.onLost(ALL_PARTITIONS);
    publish(event('early'));
    await environment.advance(3_000);
    publish(event('late'));
    publish(state('loaded'), { only: { epoch: 'e', offset: 0 } });
    publish(state('newest'));
    const command = publisher.publish('statewire:switch', state('off')).catch((error: { code: string }) => error.code);
    await environment.advance(2_500);
    expect(outcomes).toEqual({ early: 'unavailable' });
    await environment.advance(3_000);
    expect(outcomes).toEqual({ early: 'unavailable', late: 'unavailable', loaded: 'unavailable' });
    expect(await command).toBe('unavailable');
    link.up = true;
    publisher.onUp(ALL_PARTITIONS);
    expect(ids(link.take())).toEqual(['newest']);
    expect(environment.timers).toBe(0);
  });

  test.each([
    ['count', { count: 3, bytes: 1_000_000, timeoutMs: 5_000 }],
    ['bytes', { count: 100, bytes: 3, timeoutMs: 5_000 }],
  ])('the %s of pending publications is bounded, whether the server answers or not', async (_, limits) => {
    const { link, publisher, outcomes, publish } = create(limits);
    for (const id of ['a', 'b', 'c', 'd']) publish(event(id));
    await turn();
    expect(outcomes).toEqual({ d: 'unavailable' });
    await link.take()[0]!.answer('OK', 'e', 1, 0, 0);
    link.up = false;
    publisher.onLost(ALL_PARTITIONS);
    publish(event('e'));
    publish(event('f'));
    await turn();
    expect(outcomes).toEqual({ a: { epoch: 'e', offset: 1 }, d: 'unavailable', f: 'unavailable' });
    expect(publisher.size).toBe(3);
  });

  test('a value that has no room rejects with all that it supersedes', async () => {
    const { link, publisher, outcomes, publish } = create({ count: 100, bytes: BIG.length, timeoutMs: 5_000 });
    link.up = false;
    publish(state('a'));
    publish({ ...state('b'), data: `${BIG}${BIG}` });
    await turn();
    expect(outcomes).toEqual({ a: 'unavailable', b: 'unavailable' });
    expect(publisher.size).toBe(0);
  });

  test('disposal rejects what is pending', async () => {
    const { link, environment, publisher, outcomes, publish } = create();
    publish(event('a'));
    link.up = false;
    publisher.onLost(ALL_PARTITIONS);
    publish(event('b'));
    publisher.dispose();
    await turn();
    publish(event('c'));
    await turn();
    expect(outcomes).toEqual({ a: 'disposed', b: 'disposed', c: 'disposed' });
    expect([publisher.size, environment.timers]).toEqual([0, 0]);
  });
});
