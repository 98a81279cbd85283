import { state, event, valueOf, type Suite } from './suite.js';

export function describePositions({ describe, test, expect, cluster }: Suite): void {
  describe('positions', () => {
    test('a topic without publications is at offset 0 of an epoch that stays', async () => {
      const first = await cluster.here.read('lobby', 'state');
      expect(first).toMatchObject({ offset: 0, id: '', oldest: 1, publications: [] });
      expect(first.epoch).toMatch(/^[A-Za-z0-9_-]{1,32}$/);
      expect(first.base).toBeUndefined();
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

    test('publications of one node keep the order of the calls, although none is awaited', async () => {
      const positions = await Promise.all(
        Array.from({ length: 50 }, (_, index) => cluster.here.publish('log', event(index))),
      );
      expect(positions.map(({ offset }) => offset)).toEqual(Array.from({ length: 50 }, (_, index) => index + 1));
    });

    test('a new epoch starts at 0, and only replaces the expected epoch', async () => {
      const { epoch } = await cluster.here.publish('lobby', state(1));
      const replaced = await cluster.there.replaceEpoch('lobby', 'state', epoch);
      expect(replaced.offset).toBe(0);
      expect(replaced.epoch).not.toBe(epoch);
      expect(await cluster.here.replaceEpoch('lobby', 'state', epoch)).toEqual(replaced);
      const history = await cluster.here.read('lobby', 'state', { above: -1 });
      expect(history).toMatchObject({ ...replaced, id: '', oldest: 1, publications: [] });
      expect(history.base).toBeUndefined();
      expect(await cluster.here.publish('lobby', state(2))).toEqual({ epoch: replaced.epoch, offset: 1 });
    });

    test('a new epoch of a state topic may keep the newest value as its first publication', async () => {
      const first = state({ a: 1 });
      await cluster.here.publish('lobby', first);
      const newest = state({ a: 2 }, first);
      const { epoch } = await cluster.here.publish('lobby', newest);
      const replaced = await cluster.there.replaceEpoch('lobby', 'state', epoch, { keep: true });
      expect(replaced.offset).toBe(1);
      expect(replaced.epoch).not.toBe(epoch);
      const history = await cluster.here.read('lobby', 'state', { above: 0 });
      expect(history).toMatchObject({ ...replaced, id: newest.id });
      expect(history.publications).toMatchObject([{ offset: 1, id: newest.id }]);
      expect(valueOf(history)).toEqual({ a: 2 });
      expect(await cluster.here.publish('lobby', state({ a: 3 }, newest))).toEqual({ ...replaced, offset: 2 });
      expect(valueOf(await cluster.there.read('lobby', 'state'))).toEqual({ a: 3 });
    });

    test('a new epoch has nothing to keep of an empty topic or of events', async () => {
      const empty = await cluster.here.read('lobby', 'state');
      expect((await cluster.here.replaceEpoch('lobby', 'state', empty.epoch, { keep: true })).offset).toBe(0);
      const { epoch } = await cluster.here.publish('log', event(1));
      expect((await cluster.here.replaceEpoch('log', 'events', epoch, { keep: true })).offset).toBe(0);
    });
  });
}
