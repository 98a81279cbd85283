import { describe, expect, test } from '@jest/globals';
import type { NewPublication, PublishOptions } from '@statewire/nest';
import type { Position } from '@statewire/protocol';
import { VirtualEnvironment } from '@statewire/testing';

import { ALL_PARTITIONS } from './cluster.js';
import { Epochs } from './epochs.js';
import { ConnectionLostError, StaleLineageError } from './errors.js';
import { Keys } from './keys.js';
import type { ScriptCall } from './link.js';
import { Publisher } from './publisher.js';
import { topicScripts } from './scripts/topic-scripts.js';

const HISTORY = { count: 1_000, bytes: 2 ** 20, ageMs: 60_000 };
const BIG = 'x'.repeat(1_000);

interface Sent {
  readonly id: string;
  readonly flags: string;
  readonly base: string;
  readonly withData: boolean;
  answer(...reply: unknown[]): Promise<void>;
  fail(error: Error): Promise<void>;
}

/** A link whose replies the test gives. */
class FakeLink {
  up = true;
  adoptions = 0;
  readonly sent: Sent[] = [];

  attempt({ args }: ScriptCall): Promise<unknown> {
    const [, , , id, , , , flags, base, , data] = args;
    return new Promise((resolve, reject) => {
      this.sent.push({
        ...{ id: id!, flags: flags!, base: base!, withData: data !== '' },
        answer: async (...reply) => {
          resolve(reply);
          await turn();
        },
        fail: async (error) => {
          reject(error);
          await turn();
        },
      });
    });
  }

  isUp(): boolean {
    return this.up;
  }

  async adopt(): Promise<void> {
    this.adoptions += 1;
  }

  /** The publications that were sent since the last call. */
  take(): Sent[] {
    return this.sent.splice(0);
  }
}

async function turn(): Promise<void> {
  for (let n = 0; n < 5; n++) await Promise.resolve();
}

function create(limits = { count: 100, bytes: 1_000_000, timeoutMs: 5_000 }, history = HISTORY) {
  const link = new FakeLink();
  const environment = new VirtualEnvironment();
  const publisher = new Publisher(
    link,
    new Keys('sw'),
    topicScripts(history),
    new Epochs('n'),
    { environment, history },
    limits,
  );
  const outcomes: Record<string, Position | string> = {};
  const publish = (publication: NewPublication, options?: PublishOptions): void => {
    publisher.publish('lobby', publication, options).then(
      (position) => (outcomes[publication.id] = position),
      (error: { code: string }) => (outcomes[publication.id] = error.code),
    );
  };
  return { link, environment, publisher, outcomes, publish };
}

function state(id: string, base?: string): NewPublication {
  return { kind: 'state', id, data: BIG, ...(base === undefined ? {} : { patch: { base, delta: '{}' } }) };
}

function event(id: string): NewPublication {
  return { kind: 'events', id, data: '1' };
}

const ids = (sent: readonly Sent[]): string[] => sent.map(({ id }) => id);

describe('order', () => {
  test('deltas that build on each other are under way together, and only the first whole value has data', async () => {
    const { link, outcomes, publish } = create();
    publish(state('a'));
    for (const [id, base] of ['ab', 'bc', 'cd'].map((pair) => [pair[1]!, pair[0]!])) publish(state(id!, base));
    const sent = link.take();
    expect(sent.map(({ id, withData, flags }) => [id, withData, flags])).toEqual([
      ['a', true, ''],
      ['b', false, ''],
      ['c', false, 'c'],
      ['d', false, 'c'],
    ]);
    for (const [index, one] of sent.entries()) await one.answer('OK', 'e', index + 1, index, index * 2);
    expect(outcomes).toEqual(Object.fromEntries('abcd'.split('').map((id, n) => [id, { epoch: 'e', offset: n + 1 }])));
  });

  test('behind a delta that may be refused, a publication that does not build on it waits', async () => {
    const { link, publish } = create();
    publish(state('b', 'a'));
    publish(state('whole'));
    publish(state('c', 'elsewhere'));
    const [b, ...rest] = link.take();
    expect(rest).toEqual([]);
    await b!.answer('OK', 'e', 2, 1, 2);
    expect(ids(link.take())).toEqual(['whole', 'c']);
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
    const [first, second] = link.take();
    await first!.answer('MOVED');
    await second!.answer('NEED');
    const [again, third] = link.take();
    expect([again!.id, again!.withData]).toEqual(['second', true]);
    await again!.answer('OK', 'e', 9, 0, 0);
    await third!.answer('FENCED');
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
