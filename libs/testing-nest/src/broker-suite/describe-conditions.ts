import { topicLease } from '@statewire/nest';

import { event, publicationsOf, record, state, valueOf, type Suite } from './suite.js';

export function describeConditions({ describe, test, expect, cluster }: Suite): void {
  describe('conditions of a publication', () => {
    test('a publication for a position is refused if the topic stands elsewhere, and leaves no trace', async () => {
      const only = { ...(await cluster.here.read('lobby', 'state')) };
      const { epoch } = await cluster.there.publish('lobby', state('newer'));
      const late = cluster.here.publish('lobby', state('loaded before'), { only });
      await expect(late).rejects.toMatchObject({ code: 'moved' });
      const elsewhere = cluster.here.publish('lobby', state('of another epoch'), { only: { epoch: 'x', offset: 1 } });
      await expect(elsewhere).rejects.toMatchObject({ code: 'moved' });
      expect(valueOf(await cluster.here.read('lobby', 'state'))).toBe('newer');
      expect(await cluster.here.publish('lobby', state('next'), { only: { epoch, offset: 1 } })).toEqual({
        epoch,
        offset: 2,
      });
    });

    test('of two nodes that publish for the same position at once, one succeeds', async () => {
      const { epoch, offset } = await cluster.here.read('lobby', 'state');
      const outcomes = await Promise.allSettled(
        cluster.setup.nodes.map((node, index) => node.publish('lobby', state(index), { only: { epoch, offset } })),
      );
      expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
      expect(outcomes.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { code: 'moved' } });
      expect((await cluster.here.read('lobby', 'state')).offset).toBe(1);
    });

    test('while a node holds the lease of a topic, only its token publishes', async () => {
      const lease = await cluster.here.lease(topicLease('lobby'));
      const fence = lease!.token;
      for (const node of cluster.setup.nodes) {
        await expect(node.publish('lobby', state('unfenced'))).rejects.toMatchObject({ code: 'fenced' });
        const wrong = node.publish('lobby', state('wrong'), { fence: fence + 1 });
        await expect(wrong).rejects.toMatchObject({ code: 'fenced' });
      }
      expect((await cluster.here.publish('lobby', state('fenced'), { fence })).offset).toBe(1);
      expect((await cluster.there.publish('elsewhere', state('free'))).offset).toBe(1);
      await lease!.release();
      const late = cluster.here.publish('lobby', state('late'), { fence });
      await expect(late).rejects.toMatchObject({ code: 'fenced' });
      expect((await cluster.there.publish('lobby', state('unfenced'))).offset).toBe(2);
    });

    test('the token of an earlier holder is refused while another node holds the lease', async () => {
      const earlier = await cluster.here.lease(topicLease('lobby'));
      await earlier!.release();
      const later = await cluster.there.lease(topicLease('lobby'));
      const stale = cluster.here.publish('lobby', state('stale'), { fence: earlier!.token });
      await expect(stale).rejects.toMatchObject({ code: 'fenced' });
      expect((await cluster.there.publish('lobby', state('mine'), { fence: later!.token })).offset).toBe(1);
    });

    test('a publication that starts an epoch is its first, and nobody sees the epoch empty', async () => {
      const old = await cluster.here.publish('lobby', state('old'));
      const heard = await record(cluster.there, 'lobby');
      const first = state('first');
      const publishing = cluster.here.publish('lobby', first, { startsEpoch: true });
      const reads = [];
      for (let n = 0; n < 10; n++) reads.push(await cluster.setup.nodes[n % 2]!.read('lobby', 'state'));
      const position = await publishing;
      expect(position.offset).toBe(1);
      expect(position.epoch).not.toBe(old.epoch);
      for (const read of reads) expect(read.offset).toBe(1);
      await cluster.setup.settle();
      expect(heard).toMatchObject([{ type: 'epoch', epoch: position.epoch, first: { offset: 1, id: first.id } }]);
      expect(publicationsOf(heard)[0]).toMatchObject({ epoch: position.epoch, previous: '', data: '"first"' });
      expect((await cluster.there.publish('lobby', state('next'))).offset).toBe(2);
    });

    test('conditions hold together: only the holder of the lease starts an epoch at the position that it knows', async () => {
      const lease = await cluster.here.lease(topicLease('log'));
      const { epoch, offset } = await cluster.here.read('log', 'events');
      const options = { fence: lease!.token, only: { epoch, offset }, startsEpoch: true } as const;
      const unfenced = cluster.there.publish('log', event(1), { only: { epoch, offset }, startsEpoch: true });
      await expect(unfenced).rejects.toMatchObject({ code: 'fenced' });
      expect((await cluster.here.publish('log', event(1), options)).offset).toBe(1);
      await expect(cluster.here.publish('log', event(2), options)).rejects.toMatchObject({ code: 'moved' });
    });
  });
}
