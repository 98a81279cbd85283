import { describe, expect, test } from '@jest/globals';
import { VirtualEnvironment } from '@statewire/testing';

import { draft } from '../../../test/support/publications.js';
import { MemoryBroker, type MemoryBrokerSettings } from './memory-broker.js';

const HISTORY = { count: 10, bytes: 3_000, ageMs: 60_000 };

function create(options: Partial<MemoryBrokerSettings> = {}) {
  const environment = new VirtualEnvironment();
  const loggedErrors: unknown[] = [];
  const log = { error: (_event: string, error: unknown) => void loggedErrors.push(error) };
  const broker = new MemoryBroker({ environment, log, history: HISTORY, ...options });
  return { broker, environment, loggedErrors };
}

describe('MemoryBroker', () => {
  test.each([-1, 1])(
    'R15: a change of the wall clock by %d day does not age a history or drop a topic',
    async (days) => {
      const { broker, environment } = create();
      const first = await broker.publish('idle', draft('state', 1));
      await broker.publish('log', draft('events', 1));
      environment.setWallClock(environment.now() + days * 86_400_000);
      await environment.advance(HISTORY.ageMs / 2);
      await broker.publish('log', draft('events', 2));
      const kept = async (): Promise<number> => (await broker.read('log', 'events', { above: 0 })).publications.length;
      expect(await kept()).toBe(2);
      await environment.advance(HISTORY.ageMs / 2 - 1);
      expect(await broker.read('idle', 'state')).toMatchObject({ ...first, base: { data: '1' } });
      await environment.advance(2);
      expect(await kept()).toBe(1);
    },
  );

  test('notifies listeners before publish returns', async () => {
    const { broker } = create();
    let told = false;
    await broker.listen('log', () => {
      told = true;
    });
    const published = broker.publish('log', draft('events', 1));
    expect(told).toBe(true);
    await published;
  });

  test.each([false, true])(
    'limits topics without listeners and drops the least recently used first; published to: %s',
    async (published) => {
      const { broker } = create({ maxIdleTopics: 3 });
      const use = async (topic: string): Promise<string> => {
        if (published) await broker.publish(topic, draft('events', 1));
        return (await broker.read(topic, 'events')).epoch;
      };
      const listened = await use('listened');
      const release = await broker.listen('listened', () => undefined);
      const first = await use('idle/0');
      for (let index = 1; index < 100; index++) await use(`idle/${index}`);
      const kept = await use('idle/98');
      expect(broker.sizes.topics).toBe(4);
      expect((await broker.read('idle/0', 'events')).epoch).not.toBe(first);
      expect((await broker.read('idle/98', 'events')).epoch).toBe(kept);
      expect((await broker.read('listened', 'events')).epoch).toBe(listened);
      await release();
      expect(broker.sizes.topics).toBe(3);
    },
  );

  test('limits the bytes of topics without listeners, but keeps the last used one', async () => {
    const { broker } = create({ maxIdleBytes: 1_000 });
    const value = () => draft('state', 'x'.repeat(198));
    for (let index = 0; index < 100; index++) await broker.publish(`battles/${index}`, value());
    expect(broker.sizes.topics).toBe(2);
    const heavy = await broker.publish('heavy', draft('state', 'x'.repeat(2_000)));
    expect(broker.sizes.topics).toBe(1);
    expect((await broker.read('heavy', 'state')).epoch).toBe(heavy.epoch);
    await broker.close('heavy');
    for (let index = 0; index < 100; index++) await broker.publish(`battles/${index}`, value());
    expect(broker.sizes.topics).toBe(2);
  });

  test('never evicts a topic with a listener, and counts it as used when the listener leaves', async () => {
    const { broker, environment } = create();
    const { epoch } = await broker.publish('log', draft('events', 1));
    const release = await broker.listen('log', () => undefined);
    await environment.advance(HISTORY.ageMs * 5 + 10);
    await release();
    await environment.advance(HISTORY.ageMs - 1);
    expect((await broker.read('log', 'events')).epoch).toBe(epoch);
  });

  test('rejects new actions instead of forgetting one within its window', async () => {
    const { broker, environment } = create({ maxClaims: 2, maxAnswerCharacters: 10 });
    await broker.claim('a', 'f');
    await broker.claim('b', 'f');
    await expect(broker.claim('c', 'f')).rejects.toMatchObject({ code: 'full' });
    await broker.settle('a', 'x'.repeat(10), 1_000);
    await broker.unclaim('b');
    await expect(broker.claim('c', 'f')).rejects.toMatchObject({ code: 'full' });
    expect(await broker.claim('a', 'f')).toMatchObject({ outcome: 'settled' });
    await environment.advance(20_000);
    expect(await broker.claim('c', 'f')).toEqual({ outcome: 'claimed' });
  });

  test('holds nothing and runs no timer after all limits have passed', async () => {
    const { broker, environment } = create();
    for (let index = 0; index < 100; index++) {
      await broker.publish(`topics/${index}`, draft('state', 1));
      await broker.claim(`key-${index}`, 'f');
      await broker.settle(`key-${index}`, 'answer', 1_000 * index);
      await broker.join('lobby', { id: `member-${index}`, info: null });
      await broker.leave('lobby', `member-${index}`);
    }
    const lease = await broker.lease('arena');
    await lease?.release();
    await environment.advance(HISTORY.ageMs * 3);
    expect(broker.sizes).toEqual({ topics: 0, claims: 0, callers: 0, leases: 0, presence: 0 });
    expect(environment.timers).toBe(0);
  });

  test('rejects waiting callers when the broker is shut down', async () => {
    const { broker } = create();
    await broker.claim('k', 'f');
    const waiting = await broker.claim('k', 'f');
    if (waiting.outcome !== 'running') throw new Error(waiting.outcome);
    const answer = waiting.answer.catch((error: unknown) => error);
    await broker.dispose();
    expect(await answer).toMatchObject({ code: 'disposed' });
  });
});
