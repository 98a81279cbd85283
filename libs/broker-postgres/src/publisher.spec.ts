import { describe, expect, test } from '@jest/globals';
import { BrokerError, type NewPublication, type PublishOptions } from '@statewire/nest';
import { ConnectionLostError } from '@statewire/nest/broker';
import type { Position } from '@statewire/protocol';
import { VirtualEnvironment } from '@statewire/testing';

import { ConflictError } from './errors.js';
import { Publisher } from './publisher.js';
import type { Row } from './wire.js';

const HISTORY = { count: 1_000, bytes: 2 ** 20, ageMs: 60_000 };
const BIG = 'x'.repeat(1_000);

interface Item {
  readonly n: number;
  readonly topic: string;
  readonly id: string;
  readonly base?: string;
  readonly data?: string;
}

interface Batch {
  readonly number: number;
  readonly items: readonly Item[];
  /** Answers each publication with an outcome. */
  answer(...outcomes: string[]): Promise<void>;
  fail(error: Error): Promise<void>;
}

/** A link whose replies the test gives. */
class FakeLink {
  up = true;
  private readonly sent: Batch[] = [];
  private offset = 0;

  attempt(_name: string, ...values: readonly unknown[]): Promise<readonly Row[]> {
    const [, number, text] = values as [string, number, string];
    const items = JSON.parse(text) as Item[];
    return new Promise((resolve, reject) => {
      this.sent.push({
        ...{ number, items },
        answer: async (...outcomes) => {
          const answers = items.map(({ n }, index) => {
            const outcome = outcomes[index] ?? 'OK';
            if (outcome === 'OK') this.offset += 1;
            return [n, outcome, 'e', this.offset, 0, 0];
          });
          resolve([{ publish: answers }]);
          await turn();
        },
        fail: async (error) => {
          reject(error);
          await turn();
        },
      });
    });
  }

  /** The statements that were sent since the last call. */
  async take(): Promise<Batch[]> {
    await turn();
    return this.sent.splice(0);
  }
}

async function turn(): Promise<void> {
  for (let n = 0; n < 8; n++) await Promise.resolve();
}

function create(bounds = { count: 100, bytes: 1_000_000, timeoutMs: 5_000 }, history = HISTORY) {
  const link = new FakeLink();
  const environment = new VirtualEnvironment();
  const delivery: { delivered?: Promise<void> } = {};
  const publisher = new Publisher(
    'node',
    link,
    { whenDelivered: () => delivery.delivered },
    { environment, history },
    bounds,
  );
  const outcomes: Record<string, Position | string> = {};
  const publish = (publication: NewPublication, options?: PublishOptions, topic = 'lobby'): void => {
    publisher.publish(topic, publication, options).then(
      (position) => (outcomes[publication.id] = position),
      (error: { code: string }) => (outcomes[publication.id] = error.code),
    );
  };
  const lose = (): void => {
    link.up = false;
    publisher.onLost();
  };
  const comeBack = (): void => {
    link.up = true;
    publisher.onUp();
  };
  return { link, environment, publisher, outcomes, publish, delivery, lose, comeBack };
}

function state(id: string, base?: string): NewPublication {
  return { kind: 'state', id, data: BIG, ...(base === undefined ? {} : { patch: { base, delta: '{}' } }) };
}

function event(id: string): NewPublication {
  return { kind: 'events', id, data: '1' };
}

const ids = ([batch]: readonly Batch[]): string[] => (batch?.items ?? []).map(({ id }) => id);

describe('order', () => {
  test('publications of one turn go with one statement, and later ones with the next after its reply', async () => {
    const { link, outcomes, publish } = create();
    publish(event('a'));
    publish(event('b'), {}, 'elsewhere');
    const [first] = await link.take();
    expect(ids([first!])).toEqual(['a', 'b']);
    publish(event('c'));
    publish(event('d'));
    expect(await link.take()).toEqual([]);
    await first!.answer();
    expect(outcomes).toEqual({ a: { epoch: 'e', offset: 1 }, b: { epoch: 'e', offset: 2 } });
    expect(ids(await link.take())).toEqual(['c', 'd']);
  });

  test('deltas that build on each other have no values', async () => {
    const { link, publish } = create();
    publish(state('a'));
    publish(state('b', 'a'));
    publish(state('c', 'b'));
    const [batch] = await link.take();
    expect(batch!.items.map(({ base, data }) => [base, data !== undefined])).toEqual([
      [undefined, true],
      ['a', false],
      ['b', false],
    ]);
  });

  test('a refused delta is sent with its value, before all that was called later', async () => {
    const { link, outcomes, publish } = create();
    publish(state('b', 'a'));
    publish(state('c', 'b'));
    publish(event('other'), {}, 'elsewhere');
    const [first] = await link.take();
    publish(state('d', 'c'));
    await first!.answer('NEED', 'NEED', 'OK');
    const [second] = await link.take();
    expect(second!.items.map(({ id, data }) => [id, data !== undefined])).toEqual([
      ['b', true],
      ['c', false],
      ['d', false],
    ]);
    await second!.answer();
    expect(Object.keys(outcomes)).toEqual(['other', 'b', 'c', 'd']);
  });

  test('a value follows as many deltas as are as long as it', async () => {
    const { link, publish } = create();
    publish(state('0'));
    for (let n = 1; n <= 3; n++) {
      const patch = { base: String(n - 1), delta: 'y'.repeat(400) };
      publish({ ...state(String(n)), patch });
    }
    const [batch] = await link.take();
    expect(batch!.items.map(({ data }) => data !== undefined)).toEqual([true, false, false, true]);
  });

  test('a large batch is divided', async () => {
    const { link, publish } = create({ count: 10_000, bytes: 2 ** 24, timeoutMs: 5_000 });
    for (let n = 0; n < 3; n++) publish({ kind: 'events', id: `e${n}`, data: 'x'.repeat(600_000) });
    const [first] = await link.take();
    expect(ids([first!])).toEqual(['e0']);
    await first!.answer();
    expect(ids(await link.take())).toEqual(['e1']);
  });
});

describe('outcomes', () => {
  test('a refused condition rejects its caller only', async () => {
    const { link, outcomes, publish } = create();
    publish(event('a'), { only: { epoch: 'e', offset: 5 } });
    publish(event('b'), { fence: 7 }, 'elsewhere');
    publish(event('c'), {}, 'third');
    const [batch] = await link.take();
    expect(batch!.items[0]).toMatchObject({ epoch: 'e', offset: 5 });
    expect(batch!.items[1]).toMatchObject({ fence: 7 });
    await batch!.answer('MOVED', 'FENCED');
    expect(outcomes).toEqual({ a: 'moved', b: 'fenced', c: { epoch: 'e', offset: 1 } });
  });

  test('a statement that the server undid because of others is repeated under its number', async () => {
    const { link, outcomes, publish } = create();
    publish(event('a'));
    const [first] = await link.take();
    await first!.fail(new ConflictError('deadlock detected'));
    const [again] = await link.take();
    expect(again).toMatchObject({ number: first!.number, items: first!.items });
    await again!.answer();
    expect(outcomes).toEqual({ a: { epoch: 'e', offset: 1 } });
  });

  test('a statement that the server rejects rejects its callers, and the next one goes on', async () => {
    const { link, outcomes, publish, publisher } = create();
    publish(event('a'));
    const [first] = await link.take();
    publish(event('b'));
    await first!.fail(new BrokerError('full', 'no space left'));
    expect(outcomes).toEqual({ a: 'full' });
    const [second] = await link.take();
    await second!.answer();
    expect(outcomes).toEqual({ a: 'full', b: { epoch: 'e', offset: 1 } });
    expect(publisher.size).toBe(0);
  });

  test('a caller waits until the listeners of the node have what the server has stored', async () => {
    const { delivery, link, outcomes, publish, publisher } = create();
    let deliver = (): void => undefined;
    delivery.delivered = new Promise((resolve) => (deliver = resolve));
    publish(event('a'));
    const [batch] = await link.take();
    await batch!.answer();
    expect(outcomes).toEqual({});
    expect(publisher.find('a')).toBeDefined();
    deliver();
    await turn();
    expect(outcomes).toEqual({ a: { epoch: 'e', offset: 1 } });
    expect(publisher.find('a')).toBeUndefined();
  });

  test('above the bounds publications are rejected at once', async () => {
    const { outcomes, publish, publisher } = create({ count: 2, bytes: 1_000_000, timeoutMs: 5_000 });
    for (const id of ['a', 'b', 'c']) publish(event(id));
    await turn();
    expect(outcomes).toEqual({ c: 'unavailable' });
    expect(publisher.size).toBe(2);
  });
});

describe('an outage', () => {
  test('what was under way is sent again under the same number, before all others', async () => {
    const { link, publish, lose, comeBack } = create();
    publish(event('a'));
    publish(event('b'));
    const [first] = await link.take();
    publish(event('c'));
    lose();
    await first!.fail(new ConnectionLostError('read ECONNRESET'));
    comeBack();
    const [again] = await link.take();
    expect(again).toMatchObject({ number: first!.number, items: first!.items });
    await again!.answer();
    expect(ids(await link.take())).toEqual(['c']);
  });

  test('the newest value of a topic waits, and those before it get its position', async () => {
    const { environment, link, outcomes, publish, publisher, lose, comeBack } = create();
    publish(state('a'));
    const [first] = await link.take();
    lose();
    publish(state('b', 'a'));
    publish(state('c', 'b'));
    publish(state('other'), {}, 'elsewhere');
    expect(publisher.size).toBe(2);
    await environment.advance(60_000);
    comeBack();
    const [again] = await link.take();
    // The batch is still there, because the server may have stored it.
    expect(again).toMatchObject({ number: first!.number, items: [] });
    await again!.answer();
    const [last] = await link.take();
    expect(last!.items).toMatchObject([{ id: 'c', data: BIG }, { id: 'other' }]);
    await last!.answer();
    expect(outcomes).toEqual({
      a: { epoch: 'e', offset: 1 },
      b: { epoch: 'e', offset: 1 },
      c: { epoch: 'e', offset: 1 },
      other: { epoch: 'e', offset: 2 },
    });
  });

  test('events, values for a position and commands wait for a limited time', async () => {
    const { environment, outcomes, publish, publisher, lose } = create();
    lose();
    publish(event('event'));
    publish(state('value'), { only: { epoch: 'e', offset: 1 } });
    publish(state('command'), {}, 'statewire:switch');
    publish(state('lasting'), {}, 'elsewhere');
    await environment.advance(4_900);
    expect(outcomes).toEqual({});
    await environment.advance(200);
    expect(outcomes).toEqual({ event: 'unavailable', value: 'unavailable', command: 'unavailable' });
    expect(publisher.size).toBe(1);
    publisher.dispose();
    await turn();
    expect(outcomes.lasting).toBe('disposed');
    expect(environment.timers).toBe(0);
  });

  test('a value with the token of another lease supersedes none', async () => {
    const { publish, publisher, lose } = create();
    lose();
    publish(state('a'), { fence: 1 });
    publish(state('b'), { fence: 2 });
    expect(publisher.size).toBe(2);
  });

  test('the first value of a new epoch that is superseded lets the next one start the epoch', async () => {
    const { link, publish, lose, comeBack } = create();
    lose();
    publish(state('a'), { startsEpoch: true });
    publish(state('b', 'a'));
    comeBack();
    const [batch] = await link.take();
    expect(batch!.items).toMatchObject([{ id: 'b', starts: true, data: BIG }]);
    expect(batch!.items[0]!.base).toBeUndefined();
  });
});
