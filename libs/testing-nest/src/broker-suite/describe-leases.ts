import type { Lease } from '@statewire/nest';

import { eventually, type Suite } from './suite.js';

export function describeLeases({ describe, test, expect, cluster, testWith }: Suite): void {
  /** Waits for the lease. The result has it as soon as it is granted. */
  function waitFor(name: string, signal: AbortSignal): { lease?: Lease | undefined; ended?: true } {
    const waiting: { lease?: Lease | undefined; ended?: true } = {};
    void Promise.resolve(cluster.there.lease(name, { signal })).then((lease) =>
      Object.assign(waiting, { lease, ended: true }),
    );
    return waiting;
  }

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

    test('each holder of a lease has a higher token than the holder before it', async () => {
      const tokens: number[] = [];
      for (let n = 0; n < 6; n++) {
        const lease = await cluster.setup.nodes[n % 2]!.lease('arena');
        tokens.push(lease!.token);
        await lease!.release();
      }
      for (const token of tokens) expect(Number.isSafeInteger(token)).toBe(true);
      expect(tokens).toEqual([...new Set(tokens)].sort((a, b) => a - b));
    });

    test('of two nodes that ask for a lease at once, one gets it', async () => {
      const leases = await Promise.all(cluster.setup.nodes.map((node) => node.lease('arena')));
      expect(leases.filter((lease) => lease !== undefined)).toHaveLength(1);
    });

    test('a node that waits for a lease gets it soon after its release', async () => {
      const { setup } = cluster;
      const lease = await cluster.here.lease('arena');
      const waiting = waitFor('arena', new AbortController().signal);
      await setup.settle();
      expect(waiting.ended).toBeUndefined();
      await lease!.release();
      const next = await eventually(setup, 'the lease', 100 * setup.tick, () => waiting.lease);
      expect(next.token).toBeGreaterThan(lease!.token);
      expect(await cluster.here.lease('arena')).toBeUndefined();
    });

    test('a node that waits gets a free lease at once', async () => {
      const waiting = await cluster.there.lease('arena', { signal: new AbortController().signal });
      expect(waiting?.name).toBe('arena');
    });

    test('a node that stopped waiting before it asks gets no lease, not even a free one', async () => {
      expect(await cluster.there.lease('arena', { signal: AbortSignal.abort() })).toBeUndefined();
      expect(await cluster.here.lease('arena')).toBeDefined();
    });

    test('a node that stops waiting for a lease does not get it', async () => {
      const { setup } = cluster;
      const lease = await cluster.here.lease('arena');
      const stop = new AbortController();
      const waiting = waitFor('arena', stop.signal);
      await setup.settle();
      stop.abort();
      await eventually(setup, 'the end of the wait', 100 * setup.tick, () => waiting.ended);
      expect(waiting.lease).toBeUndefined();
      await lease!.release();
      await setup.advance(10 * setup.tick);
      expect(await cluster.here.lease('arena')).toBeDefined();
      const aborted = cluster.there.lease('arena', { signal: AbortSignal.abort() });
      expect(await aborted).toBeUndefined();
    });

    testWith(
      'crash',
      'the lease of a node that ended goes to a node that waits, with a higher token',
      async (setup) => {
        const { leaseTtl = 6_000 } = setup;
        const lease = await cluster.here.lease('arena');
        const waiting = waitFor('arena', new AbortController().signal);
        await setup.settle();
        await setup.crash(cluster.here);
        const next = await eventually(setup, 'the lease', 2 * leaseTtl, () => waiting.lease);
        expect(next.token).toBeGreaterThan(lease!.token);
      },
    );

    testWith('crash', 'a lease outlives its time to live as long as its node lives', async (setup) => {
      const { leaseTtl = 6_000 } = setup;
      const lease = await cluster.here.lease('arena');
      let isLost = false;
      void lease!.lost.then(() => (isLost = true));
      await setup.advance(3 * leaseTtl);
      expect(await cluster.there.lease('arena')).toBeUndefined();
      expect(isLost).toBe(false);
    });

    testWith('interrupt', 'a node that cannot renew its lease loses it before another node gets it', async (setup) => {
      const { leaseTtl = 6_000 } = setup;
      const lease = await cluster.here.lease('arena');
      let isLost = false;
      void lease!.lost.then(() => (isLost = true));
      const waiting = waitFor('arena', new AbortController().signal);
      await setup.settle();
      const resume = await setup.interrupt(cluster.here);
      const order: string[] = [];
      await eventually(setup, 'the lease', 2 * leaseTtl, () => {
        if (isLost && order.length === 0) order.push('lost');
        if (waiting.lease !== undefined) order.push('granted');
        return waiting.lease;
      });
      expect(order).toEqual(['lost', 'granted']);
      expect(waiting.lease!.token).toBeGreaterThan(lease!.token);
      await resume();
      await lease!.release();
      expect(await cluster.here.lease('arena')).toBeUndefined();
    });
  });

  describe('requests', () => {
    test('the holder of the lease answers a request', async () => {
      expect(await cluster.there.request('arena', 'ping')).toBeUndefined();
      const release = cluster.here.onRequest('arena', async (message) => ({ echoed: message }));
      expect(await cluster.there.request('arena', 'ping')).toBeUndefined();
      const lease = await cluster.here.lease('arena');
      expect(await cluster.there.request('arena', { n: 1 })).toEqual({ echoed: { n: 1 } });
      expect(await cluster.here.request('arena', { n: 2 })).toEqual({ echoed: { n: 2 } });
      await lease!.release();
      expect(await cluster.there.request('arena', 'ping')).toBeUndefined();
      await release();
    });

    test('a holder that fails to answer rejects the request', async () => {
      await cluster.here.lease('arena');
      cluster.here.onRequest('arena', () => Promise.reject(new Error('busy')));
      await expect(cluster.there.request('arena', 'ping')).rejects.toMatchObject({ code: 'no_answer' });
    });

    testWith('crash', 'a request to a holder that ended without a word rejects', async (setup) => {
      await cluster.here.lease('arena');
      cluster.here.onRequest('arena', async () => 'pong');
      await setup.crash(cluster.here);
      await expect(cluster.there.request('arena', 'ping')).rejects.toMatchObject({ code: 'no_answer' });
    });
  });
}
