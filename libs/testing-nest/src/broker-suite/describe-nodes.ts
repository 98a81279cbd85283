import type { Broker, BrokerStatus, PresenceMember } from '@statewire/nest';

import { event, eventually, offsets, record, state, type Suite } from './suite.js';

async function membersOf(node: Broker, topic: string): Promise<PresenceMember[]> {
  return [...(await node.members(topic))].sort((a, b) => (a.id < b.id ? -1 : 1));
}

export function describeNodes({ describe, test, expect, cluster, testWith }: Suite): void {
  describe('presence', () => {
    test('members are seen from every node until they leave', async () => {
      await cluster.here.join('lobby', { id: 'a', info: { name: 'Ann' } });
      await cluster.there.join('lobby', { id: 'b', info: null });
      await cluster.here.join('lobby', { id: 'a', info: { name: 'Anna' } });
      expect(await membersOf(cluster.there, 'lobby')).toEqual([
        { id: 'a', info: { name: 'Anna' } },
        { id: 'b', info: null },
      ]);
      await cluster.here.leave('lobby', 'a');
      await cluster.here.leave('lobby', 'nobody');
      expect(await cluster.here.members('lobby')).toEqual([{ id: 'b', info: null }]);
      expect(await cluster.here.members('elsewhere')).toEqual([]);
    });

    testWith('crash', 'the members of a node that ended are gone, and those of other nodes stay', async (setup) => {
      const { nodeTimeout = 15_000 } = setup;
      await cluster.here.join('lobby', { id: 'a', info: null });
      await cluster.there.join('lobby', { id: 'b', info: null });
      await setup.crash(cluster.here);
      await eventually(setup, 'the member to be gone', 2 * nodeTimeout, async () => {
        return (await cluster.there.members('lobby')).length === 1;
      });
      await setup.advance(nodeTimeout);
      expect(await cluster.there.members('lobby')).toEqual([{ id: 'b', info: null }]);
    });

    testWith('interrupt', 'the members of a node that comes back are there again', async (setup) => {
      const { nodeTimeout = 15_000 } = setup;
      await cluster.here.join('lobby', { id: 'a', info: null });
      await cluster.here.join('lobby', { id: 'left', info: null });
      const resume = await setup.interrupt(cluster.here);
      await eventually(setup, 'the members to be gone', 2 * nodeTimeout, async () => {
        return (await cluster.there.members('lobby')).length === 0;
      });
      const leaving = cluster.here.leave('lobby', 'left').catch(() => undefined);
      await resume();
      await leaving;
      await eventually(setup, 'the member to be back', nodeTimeout, async () => {
        return (await cluster.there.members('lobby')).length > 0;
      });
      expect(await cluster.there.members('lobby')).toEqual([{ id: 'a', info: null }]);
    });
  });

  describe('disposal', () => {
    test('a disposed broker rejects with a typed error and loses its leases', async () => {
      const lease = await cluster.here.lease('arena');
      await cluster.here.dispose();
      await lease!.lost;
      await expect(cluster.here.publish('log', event(1))).rejects.toMatchObject({
        name: 'BrokerError',
        code: 'disposed',
      });
      await expect(cluster.here.claim('k', 'f')).rejects.toMatchObject({ code: 'disposed' });
    });

    test('the status is known at once, and ends with the broker', async () => {
      const seen: (BrokerStatus | 'ended')[] = [];
      cluster.here.status.subscribe({ next: (status) => seen.push(status), complete: () => seen.push('ended') });
      expect(seen).toEqual([{ state: 'up' }]);
      await cluster.here.dispose();
      expect(seen).toEqual([{ state: 'up' }, 'ended']);
    });

    testWith(
      'separateNodes',
      'a node that is disposed of frees what it holds, and nothing of another node',
      async () => {
        await cluster.here.lease('mine');
        await cluster.there.lease('yours');
        await cluster.here.join('lobby', { id: 'a', info: null });
        await cluster.there.join('lobby', { id: 'b', info: null });
        const heard = await record(cluster.there, 'log');
        const gone = await record(cluster.here, 'log');
        await cluster.here.dispose();
        await cluster.there.publish('log', event(1));
        await cluster.setup.settle();
        expect(gone).toEqual([]);
        expect(offsets(heard)).toEqual([1]);
        expect(await cluster.there.lease('mine')).toBeDefined();
        expect(await cluster.there.lease('yours')).toBeUndefined();
        expect(await cluster.there.members('lobby')).toEqual([{ id: 'b', info: null }]);
      },
    );

    testWith('leftovers', 'a node that is disposed of leaves no socket, timer or key behind', async (setup) => {
      const stop = new AbortController();
      await record(cluster.here, 'lobby');
      await cluster.here.publish('lobby', state(1));
      await cluster.here.lease('mine');
      await cluster.there.lease('yours');
      void cluster.here.lease('yours', { signal: stop.signal }).catch(() => undefined);
      await cluster.here.claim('k', 'f');
      await cluster.here.join('lobby', { id: 'a', info: null });
      cluster.here.onRequest('mine', async () => null);
      await cluster.setup.settle();
      await cluster.here.dispose();
      await cluster.setup.settle();
      expect(await setup.leftovers(cluster.here)).toEqual([]);
    });
  });
}
