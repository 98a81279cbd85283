import { state, event, type Cluster } from './cluster.js';
import type { TestRunner } from './test-runner.js';

export function describePositions({ describe, test, expect }: TestRunner, cluster: Cluster): void {
  describe('positions', () => {
    test('a topic without publications is at offset 0 of an epoch that stays', async () => {
      const first = await cluster.here.read('lobby', 'state');
      expect(first).toMatchObject({ offset: 0, oldest: 1, publications: [] });
      expect(first.epoch).toMatch(/^[A-Za-z0-9_-]{1,32}$/);
      expect(first.data).toBeUndefined();
      expect((await cluster.there.read('lobby', 'state')).epoch).toBe(first.epoch);
    });

    test('publications of all nodes are numbered from 1 without a hole', async () => {
      const { epoch } = await cluster.here.read('lobby', 'state');
      expect(await cluster.here.publish('lobby', state(1))).toEqual({ epoch, offset: 1 });
      expect(await cluster.there.publish('lobby', state(2))).toEqual({ epoch, offset: 2 });
      expect(await cluster.here.publish('lobby', state(3))).toEqual({ epoch, offset: 3 });
    });

    test('concurrent publications get different offsets', async () => {
      const positions = await Promise.all(
        Array.from({ length: 50 }, (_, index) => cluster.setup.nodes[index % 2]!.publish('log', event(index))),
      );
      expect(positions.map(({ offset }) => offset).sort((a, b) => a - b)).toEqual(
        Array.from({ length: 50 }, (_, index) => index + 1),
      );
    });

    test('topics with similar names have separate histories', async () => {
      const names = ['a/b', 'a.b', 'a_b', 'a~b', 'a-b', 'A/b', '__proto__', 'constructor', 'a/b/c'];
      for (const topic of names) await cluster.here.publish(topic, event(topic));
      for (const topic of names) {
        const { publications } = await cluster.there.read(topic, 'events', { above: 0 });
        expect(publications.map(({ data }) => data)).toEqual([JSON.stringify(topic)]);
      }
    });

    test('a new epoch starts at 0, and only replaces the expected epoch', async () => {
      const { epoch } = await cluster.here.publish('lobby', state(1));
      const replaced = await cluster.there.replaceEpoch('lobby', 'state', epoch);
      expect(replaced.offset).toBe(0);
      expect(replaced.epoch).not.toBe(epoch);
      expect(await cluster.here.replaceEpoch('lobby', 'state', epoch)).toEqual(replaced);
      const history = await cluster.here.read('lobby', 'state', { above: -1 });
      expect(history).toMatchObject({ ...replaced, oldest: 1, publications: [] });
      expect(history.data).toBeUndefined();
      expect(await cluster.here.publish('lobby', state(2))).toEqual({ epoch: replaced.epoch, offset: 1 });
    });
  });
}
