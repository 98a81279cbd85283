import type { TopicMessage } from '@statewire/nest';

import { state, event, type Cluster } from './cluster.js';
import type { TestRunner } from './test-runner.js';

export function describeHistory({ describe, test, expect }: TestRunner, cluster: Cluster): void {
  describe('history', () => {
    test('reading gives the newest value and time of a state topic', async () => {
      await cluster.here.publish('lobby', state({ a: 1 }));
      await cluster.here.publish('lobby', state({ a: 2 }));
      const history = await cluster.there.read('lobby', 'state');
      expect(history).toMatchObject({ offset: 2, data: '{"a":2}', publications: [] });
      expect(history.time).toBeGreaterThan(1_000_000_000_000);
    });

    test('reading gives the publications above an offset, up to a limit, or all that are kept', async () => {
      for (let index = 1; index <= 5; index++) await cluster.here.publish('log', event(index));
      const read = async (above: number, limit?: number): Promise<number[]> => {
        const { publications } = await cluster.there.read('log', 'events', {
          above,
          ...(limit === undefined ? {} : { limit }),
        });
        return publications.map(({ offset }) => offset);
      };
      expect(await read(2)).toEqual([3, 4, 5]);
      expect(await read(2, 2)).toEqual([3, 4]);
      expect(await read(-1)).toEqual([1, 2, 3, 4, 5]);
      expect(await read(5)).toEqual([]);
      expect(await read(9)).toEqual([]);
    });

    test('a delta from the previous offset is kept instead of the value', async () => {
      const { epoch } = await cluster.here.publish('lobby', state({ a: 1 }));
      await cluster.here.publish('lobby', state({ a: 2 }, { epoch, from: 1, delta: '{"=a":2}' }));
      const { data, publications } = await cluster.here.read('lobby', 'state', { above: 0 });
      expect(data).toBe('{"a":2}');
      expect(publications.map(({ data: whole, delta }) => [whole, delta])).toEqual([
        ['{"a":1}', undefined],
        [undefined, '{"=a":2}'],
      ]);
    });

    test('a delta from another offset is dropped, and the value is kept', async () => {
      const { epoch } = await cluster.here.publish('lobby', state({ a: 1 }));
      await cluster.here.publish('lobby', state({ a: 2 }));
      await cluster.here.publish('lobby', state({ a: 3 }, { epoch, from: 1, delta: '{"=a":3}' }));
      const { publications } = await cluster.here.read('lobby', 'state', { above: 2 });
      expect(publications).toHaveLength(1);
      expect(publications[0]).toMatchObject({ offset: 3, data: '{"a":3}' });
      expect(publications[0]!.delta).toBeUndefined();
    });

    test('a delta from another epoch is dropped, even if its offset fits', async () => {
      const { epoch } = await cluster.here.publish('lobby', state({ a: 1 }));
      await cluster.here.replaceEpoch('lobby', 'state', epoch);
      const heard: TopicMessage[] = [];
      await cluster.here.listen('lobby', (message) => heard.push(message));
      await cluster.here.publish('lobby', state({ b: 1 }));
      await cluster.here.publish('lobby', state({ a: 2 }, { epoch, from: 1, delta: '{"=a":2}' }));
      await cluster.setup.settle();
      const { publications } = await cluster.here.read('lobby', 'state', { above: 1 });
      expect(publications[0]).toMatchObject({ offset: 2, data: '{"a":2}' });
      const last = heard.at(-1);
      expect(last).toMatchObject({ publication: { offset: 2, data: '{"a":2}' } });
      expect(last?.type === 'publication' && last.publication.delta).toBeUndefined();
    });

    test('history is bounded by count, and reports its oldest offset', async () => {
      const { historyCount } = cluster.setup;
      for (let index = 1; index <= historyCount + 3; index++) await cluster.here.publish('log', event(index));
      const history = await cluster.here.read('log', 'events', { above: -1 });
      expect(history.oldest).toBe(4);
      expect(history.publications).toHaveLength(historyCount);
      expect(history.publications[0]!.offset).toBe(4);
    });

    test('history is bounded by bytes', async () => {
      const large = 'x'.repeat(Math.floor(cluster.setup.historyBytes / 3));
      for (let index = 0; index < 5; index++) await cluster.here.publish('log', event(large));
      const history = await cluster.here.read('log', 'events', { above: -1 });
      expect(history.publications.length).toBeLessThanOrEqual(3);
      expect(history.publications.at(-1)!.offset).toBe(5);
    });

    test('history is bounded by age, and only the newest value outlives it', async () => {
      const release = await cluster.here.listen('lobby', () => undefined);
      await cluster.here.publish('lobby', state(1));
      await cluster.setup.advance(cluster.setup.historyAge + 1);
      const history = await cluster.here.read('lobby', 'state', { above: -1 });
      expect(history).toMatchObject({ offset: 1, oldest: 2, data: '1', publications: [] });
      await release();
    });

    test('a topic without use for the age of history is forgotten and gets a new epoch', async () => {
      const { epoch } = await cluster.here.publish('lobby', state(1));
      await cluster.setup.advance(cluster.setup.historyAge * 2 + 1);
      const history = await cluster.here.read('lobby', 'state');
      expect(history.epoch).not.toBe(epoch);
      expect(history.offset).toBe(0);
    });
  });
}
