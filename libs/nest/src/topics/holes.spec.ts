import { describe, expect, test } from '@jest/globals';

import { lossy } from '../../test/support/lossy-broker.js';
import { draft } from '../../test/support/publications.js';
import { EVENTS, setUp, STATE } from '../../test/support/topics-set-up.js';
import type { Broker, TopicMessage } from '../core/broker.js';

function value(n: number) {
  return { n, name: 'a name that does not change', list: [1, 2, 3, 4, 5, 6, 7, 8, 9] };
}

describe('a node that misses messages of the broker', () => {
  test('reads the missing publications, so that its readers see no hole', async () => {
    const faults = lossy();
    const { environment, reader, topics } = setUp({ wrap: (broker) => faults.wrap(broker) });
    const [alice, bob] = [await reader().subscribe(EVENTS), await reader().subscribe(STATE)];
    for (const topic of [EVENTS, STATE]) {
      await topics.publish(topic, value(1));
      faults.lose = 2;
      for (const n of [2, 3, 4]) await topics.publish(topic, value(n));
      await environment.settle();
    }
    expect(alice.update().events.map(({ data }) => data)).toEqual([1, 2, 3, 4].map(value));
    expect(bob.update().value).toEqual(value(4));
  });

  test('reports a loss to event readers if the history does not have the missing events', async () => {
    const faults = lossy();
    const { environment, reader, topics } = setUp({ wrap: (broker) => faults.wrap(broker), history: { count: 3 } });
    const [alice, bob] = [await reader().subscribe(EVENTS), await reader().subscribe(STATE)];
    for (const topic of [EVENTS, STATE]) {
      await topics.publish(topic, value(0));
      faults.lose = 10;
      for (let n = 1; n <= 11; n++) await topics.publish(topic, value(n));
      await environment.settle();
      await topics.publish(topic, value(12));
      await environment.settle();
    }
    expect(alice.update().frames.slice(1)).toMatchObject([
      { type: 'event', offset: 1 },
      { type: 'subscribed', recovered: false, offset: 12 },
      { type: 'event', offset: 13 },
    ]);
    expect(bob.update().value).toEqual(value(12));
  });

  test('R14: does not retry a read after the topic was released', async () => {
    const faults = lossy();
    const reads: ((error: Error) => void)[] = [];
    let stuck = false;
    const wrap = (real: Broker): Broker => {
      const broker = faults.wrap(real);
      const read: Broker['read'] = (...parameters) =>
        stuck ? new Promise((_, reject) => reads.push(reject)) : broker.read(...parameters);
      return Object.assign(Object.create(broker) as Broker, { read });
    };
    const { environment, reader, topics, logged } = setUp({ wrap });
    await reader().subscribe(EVENTS);
    stuck = true;
    faults.lose = 1;
    for (const n of [1, 2]) await topics.publish(EVENTS, n);
    await topics.dispose();
    expect(reads).toHaveLength(1);
    reads[0]!(new Error('connection reset'));
    await environment.advance(10_000);
    expect(reads).toHaveLength(1);
    expect(logged).toEqual([]);
  });

  test('R14: retries a failed read every second, and misses nothing afterwards', async () => {
    const faults = lossy();
    const { environment, reader, topics, logged } = setUp({ wrap: (broker) => faults.wrap(broker) });
    const alice = await reader().subscribe(EVENTS);
    faults.lose = 1;
    faults.failReads = 3;
    for (let n = 1; n <= 5; n++) await topics.publish(EVENTS, n);
    await environment.advance(2_500);
    expect(alice.update().events).toEqual([]);
    const bob = await reader().subscribe(EVENTS);
    await environment.advance(1_000);
    for (const each of [alice, bob]) expect(each.update().offset).toBe(5);
    expect(alice.events.map(({ data }) => data)).toEqual([1, 2, 3, 4, 5]);
    expect(logged.filter((line) => line.startsWith('broker-read-failed'))).toHaveLength(3);
    await topics.dispose();
    expect(environment.timers).toBe(1);
  });

  test('reads the broker after a message of another epoch', async () => {
    const faults = lossy();
    const { broker, environment, reader, topics } = setUp({ wrap: (inner) => faults.wrap(inner) });
    const alice = await reader().subscribe(STATE);
    const { epoch } = await topics.publish(STATE, value(1));
    faults.lose = 1;
    await broker.replaceEpoch(STATE.name, 'state', epoch);
    await topics.publish(STATE, value(2));
    await environment.settle();
    expect(alice.update().types()).toEqual(['subscribed', 'snapshot', 'subscribed', 'snapshot']);
    expect(alice.value).toEqual(value(2));
  });
});

test('the delta of a failed publication is not used for another one', async () => {
  let failing = false;
  const wrap = (broker: Broker): Broker =>
    Object.assign(Object.create(broker) as Broker, {
      publish: (...parameters: Parameters<Broker['publish']>) =>
        failing ? Promise.reject(new Error('connection reset')) : broker.publish(...parameters),
    });
  const { broker, environment, reader, topics } = setUp({ wrap });
  const alice = await reader().subscribe(STATE);
  await topics.publish(STATE, value(1));
  failing = true;
  await topics.publish(STATE, value(2)).catch(() => undefined);
  await broker.publish(STATE.name, draft('state', value(3)));
  environment.tick();
  expect(alice.update().value).toEqual(value(3));
  expect(alice.types().at(-1)).toBe('patch');
});

describe('a broker that lost publications', () => {
  /** Listens to a broker through which a test can insert messages. */
  function handled() {
    const told: ((message: TopicMessage) => void)[] = [];
    const wrap = (broker: Broker): Broker =>
      Object.assign(Object.create(broker) as Broker, {
        listen: (topic: string, listener: (message: TopicMessage) => void) => {
          told.push(listener);
          return broker.listen(topic, listener);
        },
      });
    return { wrap, tell: (message: TopicMessage) => told.forEach((listener) => listener(message)) };
  }

  test('gets a new epoch when it assigns an offset again', async () => {
    const { tell, wrap } = handled();
    let hasLost = false;
    const { broker, environment, logged, reader, topics } = setUp({
      wrap: (real) =>
        Object.assign(Object.create(wrap(real)) as Broker, {
          read: async (...parameters: Parameters<Broker['read']>) => {
            const history = await real.read(...parameters);
            return hasLost && history.offset > 0 ? { ...history, id: 'another', idAbove: 'another' } : history;
          },
        }),
    });
    const alice = await reader().subscribe(EVENTS);
    const { epoch } = await topics.publish(EVENTS, 'known');
    const { publications } = await broker.read(EVENTS.name, 'events', { above: 0 });
    const known = { ...publications[0]!, epoch, previous: '' };
    tell({ type: 'publication', publication: known });
    await environment.settle();
    expect(alice.update().epoch).toBe(epoch);
    hasLost = true;
    tell({ type: 'publication', publication: { ...known, id: 'another' } });
    await environment.settle();
    expect(alice.update().frames.at(-1)).toMatchObject({ type: 'subscribed', recovered: false, offset: 0 });
    expect(alice.epoch).not.toBe(epoch);
    expect(logged).toHaveLength(1);
  });

  test('gets a new epoch when its newest offset is below that of this node', async () => {
    let regressed = false;
    const { environment, reader, topics } = setUp({
      wrap: (broker) =>
        Object.assign(Object.create(broker) as Broker, {
          read: async (...parameters: Parameters<Broker['read']>) => {
            const history = await broker.read(...parameters);
            return regressed && history.offset > 0 ? { ...history, offset: 1, publications: [] } : history;
          },
        }),
    });
    const alice = await reader().subscribe(EVENTS);
    await topics.publish(EVENTS, 1);
    const { epoch } = await topics.publish(EVENTS, 2);
    regressed = true;
    await topics.catchUp(EVENTS, { epoch, offset: 3 });
    await environment.settle();
    expect(alice.update().epoch).not.toBe(epoch);
    await topics.publish(EVENTS, 'goes on');
    await environment.settle();
    expect(alice.update().events.at(-1)).toMatchObject({ offset: 1, data: 'goes on' });
  });
});
