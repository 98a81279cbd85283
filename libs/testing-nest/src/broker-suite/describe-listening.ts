import type { TopicMessage } from '@statewire/nest';

import { state, event, offsets, type Cluster } from './cluster.js';
import type { TestRunner } from './test-runner.js';

export function describeListening({ describe, test, expect }: TestRunner, cluster: Cluster): void {
  describe('listening', () => {
    test('every publication after the confirmation arrives, in order, on every node, with its whole value', async () => {
      const heard: TopicMessage[][] = [[], []];
      await cluster.here.listen('lobby', (message) => heard[0]!.push(message));
      await cluster.there.listen('lobby', (message) => heard[1]!.push(message));
      const position = await cluster.here.publish('lobby', state({ a: 1 }));
      await cluster.there.publish('lobby', state({ a: 2 }, { epoch: position.epoch, from: 1, delta: '{"=a":2}' }));
      await cluster.setup.settle();
      for (const messages of heard) {
        expect(messages).toMatchObject([
          { type: 'publication', publication: { epoch: position.epoch, offset: 1, data: '{"a":1}' } },
          {
            type: 'publication',
            publication: { epoch: position.epoch, offset: 2, data: '{"a":2}', delta: '{"=a":2}' },
          },
        ]);
      }
    });

    test('listeners of the publishing node have received a publication when it resolves', async () => {
      const heard: TopicMessage[] = [];
      await cluster.here.listen('log', (message) => heard.push(message));
      await cluster.here.publish('log', event(1));
      expect(offsets(heard)).toEqual([1]);
    });

    test('the error of a listener is logged, and other listeners still get the message', async () => {
      const heard: TopicMessage[] = [];
      await cluster.here.listen('log', () => {
        throw new Error('listener');
      });
      await cluster.here.listen('log', (message) => heard.push(message));
      await cluster.here.publish('log', event(1));
      await cluster.here.publish('log', event(2));
      await cluster.setup.settle();
      expect(offsets(heard)).toEqual([1, 2]);
      expect(cluster.setup.loggedErrors).toHaveLength(2);
    });

    test('a listener that publishes does not change the order for other listeners', async () => {
      const heard: TopicMessage[] = [];
      const answers: Promise<unknown>[] = [];
      await cluster.here.listen('log', (message) => {
        if (message.type === 'publication' && message.publication.offset === 1) {
          answers.push(cluster.here.publish('log', event('answer')));
        }
      });
      await cluster.here.listen('log', (message) => heard.push(message));
      await cluster.here.publish('log', event('question'));
      await Promise.all(answers);
      await cluster.setup.settle();
      expect(offsets(heard)).toEqual([1, 2]);
    });

    test('a released listener gets no message, and a second release does nothing', async () => {
      const heard: TopicMessage[] = [];
      const stays: TopicMessage[] = [];
      const release = await cluster.here.listen('log', (message) => heard.push(message));
      await cluster.here.listen('log', (message) => stays.push(message));
      await cluster.here.publish('log', event(1));
      await cluster.setup.settle();
      await release();
      await release();
      await cluster.here.publish('log', event(2));
      await cluster.setup.settle();
      expect(offsets(heard)).toEqual([1]);
      expect(offsets(stays)).toEqual([1, 2]);
    });

    test('listeners get a new epoch in order with publications', async () => {
      const heard: TopicMessage[] = [];
      await cluster.there.listen('lobby', (message) => heard.push(message));
      const { epoch } = await cluster.here.publish('lobby', state(1));
      const position = await cluster.here.replaceEpoch('lobby', 'state', epoch);
      await cluster.here.publish('lobby', state(2));
      await cluster.setup.settle();
      expect(heard).toMatchObject([
        { type: 'publication', publication: { epoch, offset: 1 } },
        { type: 'epoch', position },
        { type: 'publication', publication: { epoch: position.epoch, offset: 1 } },
      ]);
    });

    test('listeners get the end of a topic after its last publications, and nothing of the next one', async () => {
      const heard: TopicMessage[] = [];
      await cluster.there.listen('log', (message) => heard.push(message));
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
  });
}
