import { state, event, valueOf, type Suite } from './suite.js';

export function describeHistory({ describe, test, expect, cluster }: Suite): void {
  describe('history', () => {
    test('reading gives the newest value and time of a state topic', async () => {
      await cluster.here.publish('lobby', state({ a: 1 }));
      await cluster.here.publish('lobby', state({ a: 2 }));
      const history = await cluster.there.read('lobby', 'state');
      expect(history.offset).toBe(2);
      expect(valueOf(history)).toEqual({ a: 2 });
      expect(history.time).toBeGreaterThan(1_000_000_000_000);
    });

    test('reading gives the publications above an offset, or all that are kept', async () => {
      for (let index = 1; index <= 5; index++) await cluster.here.publish('log', event(index));
      const read = async (above?: number): Promise<number[]> => {
        const { publications } = await cluster.there.read('log', 'events', above === undefined ? {} : { above });
        return publications.map(({ offset }) => offset);
      };
      expect(await read()).toEqual([]);
      expect(await read(2)).toEqual([3, 4, 5]);
      expect(await read(-1)).toEqual([1, 2, 3, 4, 5]);
      expect(await read(5)).toEqual([]);
      expect(await read(9)).toEqual([]);
    });

    test('reading is bounded by bytes, and gives the newest publications without a hole', async () => {
      const size = Math.floor(cluster.setup.historyBytes / 10);
      for (let index = 0; index < 5; index++) await cluster.here.publish('log', event('x'.repeat(size)));
      const read = async (maxBytes: number): Promise<number[]> => {
        const { publications } = await cluster.there.read('log', 'events', { above: 0, maxBytes });
        return publications.map(({ offset }) => offset);
      };
      expect(await read(size * 10)).toEqual([1, 2, 3, 4, 5]);
      const some = await read(size * 3);
      expect(some.length).toBeGreaterThan(0);
      expect(some.length).toBeLessThanOrEqual(3);
      expect(some).toEqual([1, 2, 3, 4, 5].slice(-some.length));
    });

    test('reading a state topic within few bytes still gives its newest value', async () => {
      let before = state({ n: 0, text: 'x'.repeat(50) });
      await cluster.here.publish('lobby', before);
      for (let n = 1; n <= 5; n++) {
        before = state({ n, text: 'x'.repeat(50) }, before);
        await cluster.here.publish('lobby', before);
      }
      const history = await cluster.there.read('lobby', 'state', { above: 0, maxBytes: 10 });
      expect(valueOf(history)).toEqual({ n: 5, text: 'x'.repeat(50) });
      const { offset, publications } = history;
      expect(publications.map((publication) => publication.offset)).toEqual(
        publications.map((_, index) => offset - publications.length + 1 + index),
      );
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
      const { historyAge, tick } = cluster.setup;
      const release = await cluster.here.listen('lobby', () => undefined);
      const { epoch } = await cluster.here.publish('lobby', state(1));
      await cluster.setup.advance(historyAge + 10 * tick);
      const history = await cluster.here.read('lobby', 'state', { above: -1 });
      expect(history).toMatchObject({ epoch, offset: 1, oldest: 2, publications: [] });
      expect(valueOf(history)).toBe(1);
      await release();
    });

    test('a topic without use for the age of history is forgotten and gets a new epoch', async () => {
      const { historyAge, tick } = cluster.setup;
      const { epoch } = await cluster.here.publish('lobby', state(1));
      await cluster.setup.advance(historyAge * 2 + 10 * tick);
      const history = await cluster.here.read('lobby', 'state');
      expect(history.epoch).not.toBe(epoch);
      expect(history.offset).toBe(0);
    });
  });
}
