import type { TopicMessage } from '@statewire/nest';

import { state, event, offsets, publicationsOf, record, type Suite } from './suite.js';

export function describeListening({ describe, test, expect, cluster, testWith }: Suite): void {
  describe('listening', () => {
    test('every publication after the confirmation arrives, in order, on every node', async () => {
      const heard = [await record(cluster.here, 'lobby'), await record(cluster.there, 'lobby')];
      const first = state({ a: 1 });
      const second = state({ a: 2 }, first);
      const { epoch } = await cluster.here.publish('lobby', first);
      await cluster.there.publish('lobby', second);
      await cluster.setup.settle();
      for (const messages of heard) {
        expect(publicationsOf(messages)).toMatchObject([
          { epoch, offset: 1, id: first.id, previous: '', data: first.data },
          { epoch, offset: 2, id: second.id, previous: first.id, delta: second.patch!.delta },
        ]);
      }
    });

    test('listeners of the publishing node have received a publication when it resolves', async () => {
      const heard = await record(cluster.here, 'log');
      await cluster.here.publish('log', event(1));
      expect(offsets(heard)).toEqual([1]);
    });

    test('the error of a listener is logged, and other listeners still get the message', async () => {
      await cluster.here.listen('log', () => {
        throw new Error('listener');
      });
      const heard = await record(cluster.here, 'log');
      await cluster.here.publish('log', event(1));
      await cluster.here.publish('log', event(2));
      await cluster.setup.settle();
      expect(offsets(heard)).toEqual([1, 2]);
      expect(cluster.setup.loggedErrors).toHaveLength(2);
    });

    test('a listener that publishes does not change the order for other listeners', async () => {
      const answers: Promise<unknown>[] = [];
      await cluster.here.listen('log', (message) => {
        if (message.type === 'publication' && message.publication.offset === 1) {
          answers.push(cluster.here.publish('log', event('answer')));
        }
      });
      const heard = await record(cluster.here, 'log');
      await cluster.here.publish('log', event('question'));
      await Promise.all(answers);
      await cluster.setup.settle();
      expect(offsets(heard)).toEqual([1, 2]);
    });

    test('a released listener gets no message, and a second release does nothing', async () => {
      const heard: TopicMessage[] = [];
      const release = await cluster.here.listen('log', (message) => heard.push(message));
      const stays = await record(cluster.here, 'log');
      await cluster.here.publish('log', event(1));
      await cluster.setup.settle();
      await release();
      await release();
      await cluster.here.publish('log', event(2));
      await cluster.setup.settle();
      expect(offsets(heard)).toEqual([1]);
      expect(offsets(stays)).toEqual([1, 2]);
    });

    test('no message follows the call of a release, also of publications that are under way', async () => {
      const heard: TopicMessage[] = [];
      const release = await cluster.here.listen('log', (message) => heard.push(message));
      const stays = await record(cluster.there, 'log');
      const publishing = Array.from({ length: 5 }, (_, n) => cluster.there.publish('log', event(n)));
      const before = heard.length;
      const releasing = release();
      expect(heard).toHaveLength(before);
      await Promise.all([releasing, ...publishing]);
      await cluster.setup.settle();
      expect(heard).toHaveLength(before);
      expect(offsets(stays)).toEqual([1, 2, 3, 4, 5]);
    });

    test('a listener that comes back right after a release gets every later publication', async () => {
      const release = await cluster.here.listen('log', () => undefined);
      const releasing = release();
      const heard = await record(cluster.here, 'log');
      await releasing;
      for (let n = 1; n <= 3; n++) await cluster.there.publish('log', event(n));
      await cluster.setup.settle();
      expect(offsets(heard)).toEqual([1, 2, 3]);
    });

    test('listeners get a new epoch in order with publications', async () => {
      const heard = await record(cluster.there, 'lobby');
      const { epoch } = await cluster.here.publish('lobby', state(1));
      const position = await cluster.here.replaceEpoch('lobby', 'state', epoch);
      await cluster.here.publish('lobby', state(2));
      const kept = await cluster.here.replaceEpoch('lobby', 'state', position.epoch, { keep: true });
      await cluster.setup.settle();
      expect(heard).toMatchObject([
        { type: 'publication', publication: { epoch, offset: 1 } },
        { type: 'epoch', epoch: position.epoch },
        { type: 'publication', publication: { epoch: position.epoch, offset: 1 } },
        { type: 'epoch', epoch: kept.epoch, first: { epoch: kept.epoch, offset: 1, data: '2' } },
      ]);
      expect(heard[1]).not.toMatchObject({ first: {} });
    });

    test('listeners get the end of a topic after its last publications, and nothing of the next one', async () => {
      const heard = await record(cluster.there, 'log');
      const { epoch } = await cluster.here.publish('log', event(1));
      await cluster.here.close('log');
      const next = await cluster.here.publish('log', event(2));
      await cluster.setup.settle();
      expect(heard).toMatchObject([{ type: 'publication', publication: { offset: 1 } }, { type: 'closed' }]);
      expect(next.offset).toBe(1);
      expect(next.epoch).not.toBe(epoch);
    });

    test('closing a topic that does not exist does nothing', async () => {
      await expect(cluster.here.close('nowhere')).resolves.toBeUndefined();
    });

    testWith('received', 'a node without listeners of a topic gets none of its messages', async (setup) => {
      const heard = await record(cluster.here, 'lobby');
      const release = await cluster.there.listen('lobby', () => undefined);
      await release();
      await cluster.setup.settle();
      const [here, there] = [setup.received(cluster.here), setup.received(cluster.there)];
      for (let n = 1; n <= 5; n++) await cluster.there.publish('lobby', state(n));
      await cluster.setup.settle();
      expect(offsets(heard)).toEqual([1, 2, 3, 4, 5]);
      expect(setup.received(cluster.here) - here).toBe(5);
      expect(setup.received(cluster.there) - there).toBe(0);
    });
  });
}
