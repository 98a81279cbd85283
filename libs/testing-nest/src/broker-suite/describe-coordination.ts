import type { Broadcast } from '@statewire/nest';

import { event, type Cluster } from './cluster.js';
import type { TestRunner } from './test-runner.js';

export function describeCoordination({ describe, test, expect }: TestRunner, cluster: Cluster): void {
  describe('leases', () => {
    test('one node holds a lease until it releases it', async () => {
      const lease = await cluster.here.lease('source:lobby');
      expect(lease?.name).toBe('source:lobby');
      expect(await cluster.there.lease('source:lobby')).toBeUndefined();
      expect(await cluster.there.lease('source:other')).toBeDefined();
      await lease!.release();
      await lease!.release();
      const next = await cluster.there.lease('source:lobby');
      expect(next).toBeDefined();
      await lease!.release();
      expect(await cluster.here.lease('source:lobby')).toBeUndefined();
    });

    test('the holder of the lease answers a request', async () => {
      expect(await cluster.there.request('arena', 'ping')).toBeUndefined();
      const release = cluster.here.onRequest('arena', async (message) => ({ echoed: message }));
      expect(await cluster.there.request('arena', 'ping')).toBeUndefined();
      const lease = await cluster.here.lease('arena');
      expect(await cluster.there.request('arena', { n: 1 })).toEqual({ echoed: { n: 1 } });
      await lease!.release();
      expect(await cluster.there.request('arena', 'ping')).toBeUndefined();
      await release();
    });

    test('a holder that fails to answer rejects the request', async () => {
      await cluster.here.lease('arena');
      cluster.here.onRequest('arena', () => Promise.reject(new Error('busy')));
      await expect(cluster.there.request('arena', 'ping')).rejects.toMatchObject({ code: 'no_answer' });
    });
  });

  describe('broadcast', () => {
    test('a broadcast reaches every node, the sender included, until the listener is released', async () => {
      const heard: Broadcast[][] = [[], []];
      const releases = cluster.setup.nodes.map((node, index) =>
        node.onBroadcast((message) => heard[index]!.push(message)),
      );
      await cluster.here.broadcast({ type: 'switch', payload: { enabled: false } });
      await cluster.setup.settle();
      expect(heard).toEqual([
        [{ type: 'switch', payload: { enabled: false } }],
        [{ type: 'switch', payload: { enabled: false } }],
      ]);
      await releases[0]!();
      await cluster.there.broadcast({ type: 'switch', payload: { enabled: true } });
      await cluster.setup.settle();
      expect(heard.map(({ length }) => length)).toEqual([1, 2]);
    });

    test('the error of a broadcast listener is logged, and other listeners still get the message', async () => {
      const heard: Broadcast[] = [];
      cluster.here.onBroadcast(() => {
        throw new Error('listener');
      });
      cluster.here.onBroadcast((message) => heard.push(message));
      await cluster.here.broadcast({ type: 'revoke', payload: null });
      await cluster.setup.settle();
      expect(heard).toHaveLength(1);
      expect(cluster.setup.loggedErrors).toHaveLength(1);
    });
  });

  describe('presence', () => {
    test('members are seen from every node until they leave', async () => {
      await cluster.here.join('lobby', { id: 'a', info: { name: 'Ann' } });
      await cluster.there.join('lobby', { id: 'b', info: null });
      await cluster.there.join('lobby', { id: 'a', info: { name: 'Anna' } });
      const members = await cluster.there.members('lobby');
      expect([...members].sort((a, b) => a.id.localeCompare(b.id))).toEqual([
        { id: 'a', info: { name: 'Anna' } },
        { id: 'b', info: null },
      ]);
      await cluster.there.leave('lobby', 'a');
      await cluster.here.leave('lobby', 'nobody');
      expect(await cluster.here.members('lobby')).toEqual([{ id: 'b', info: null }]);
      expect(await cluster.here.members('elsewhere')).toEqual([]);
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
  });
}
