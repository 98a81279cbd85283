import type { BrokerStatus, TopicMessage } from '@statewire/nest';

import { event, eventually, offsets, record, state, valueOf, type Suite } from './suite.js';

/** Milliseconds in which a node notices that the server is gone or back. */
const NOTICE_MS = 10_000;

export function describeOutages({ describe, expect, cluster, testWith }: Suite): void {
  /** Waits until the last message is of the type. */
  function last<T extends TopicMessage['type']>(heard: readonly TopicMessage[], type: T) {
    return eventually(cluster.setup, `the message "${type}"`, NOTICE_MS, () => {
      const message = heard.at(-1);
      return message?.type === type ? (message as Extract<TopicMessage, { type: T }>) : undefined;
    });
  }

  describe('outages', () => {
    testWith('interrupt', 'listeners learn of an outage, and of the position of the topic after it', async (setup) => {
      const heard = await record(cluster.here, 'log');
      const seen: BrokerStatus['state'][] = [];
      cluster.here.status.subscribe(({ state: now }) => seen.push(now));
      await cluster.there.publish('log', event(1));
      await setup.settle();
      const resume = await setup.interrupt(cluster.here);
      await last(heard, 'interrupted');
      const missed = event(2);
      const position = await cluster.there.publish('log', missed);
      await resume();
      expect(await last(heard, 'resumed')).toEqual({ type: 'resumed', position, id: missed.id });
      await cluster.there.publish('log', event(3));
      await setup.settle();
      expect(offsets(heard)).toEqual([1, 3]);
      expect(heard.map(({ type }) => type)).toEqual(['publication', 'interrupted', 'resumed', 'publication']);
      expect(seen).toEqual(['up', 'away', 'up']);
    });

    testWith('interrupt', 'a topic that was closed during an outage ends after it, or starts over', async (setup) => {
      const heard = await record(cluster.here, 'log');
      const { epoch } = await cluster.there.publish('log', event(1));
      await setup.settle();
      const resume = await setup.interrupt(cluster.here);
      await last(heard, 'interrupted');
      await cluster.there.close('log');
      await resume();
      await eventually(setup, 'the news of the topic', NOTICE_MS, () => heard.at(-1)?.type !== 'interrupted');
      const message = heard.at(-1);
      expect(message?.type === 'closed' || (message?.type === 'resumed' && message.position.epoch !== epoch)).toBe(
        true,
      );
    });

    testWith(
      'interrupt',
      'a release resolves while the broker is out of reach, and no message follows',
      async (setup) => {
        const heard: TopicMessage[] = [];
        const release = await cluster.here.listen('log', (message) => heard.push(message));
        const stays = await record(cluster.here, 'log');
        const resume = await setup.interrupt(cluster.here);
        await last(heard, 'interrupted');
        await release();
        await resume();
        await last(stays, 'resumed');
        await cluster.there.publish('log', event(1));
        await setup.settle();
        expect(offsets(stays)).toEqual([1]);
        expect(heard.map(({ type }) => type)).toEqual(['interrupted']);
      },
    );

    testWith(
      'interrupt',
      'of the values that a state topic publishes in an outage the newest is stored',
      async (setup) => {
        const heard = await record(cluster.here, 'lobby');
        const first = state({ n: 0 });
        await cluster.here.publish('lobby', first);
        const resume = await setup.interrupt(cluster.here);
        await last(heard, 'interrupted');
        const values = [state({ n: 1 }, first)];
        for (let n = 2; n <= 20; n++) values.push(state({ n }, values.at(-1)));
        const publishing = values.map((value) => cluster.here.publish('lobby', value));
        await setup.advance(10 * setup.tick);
        await resume();
        const published = (await Promise.all(publishing)).map(({ offset }) => offset);
        expect(published).toEqual([...published].sort((a, b) => a - b));
        const history = await cluster.there.read('lobby', 'state');
        expect(valueOf(history)).toEqual({ n: 20 });
        expect(history).toMatchObject({ offset: published.at(-1), id: values.at(-1)!.id });
      },
    );

    testWith(
      'interrupt',
      'events that are published in a short outage are stored after it, in order',
      async (setup) => {
        const heard = await record(cluster.here, 'log');
        await cluster.here.publish('log', event(0));
        const resume = await setup.interrupt(cluster.here);
        await last(heard, 'interrupted');
        const publishing = Array.from({ length: 20 }, (_, n) => cluster.here.publish('log', event(n + 1)));
        await resume();
        const published = (await Promise.all(publishing)).map(({ offset }) => offset);
        expect(published).toEqual(Array.from({ length: 20 }, (_, n) => n + 2));
        expect((await cluster.there.read('log', 'events')).offset).toBe(21);
      },
    );

    testWith('interrupt', 'what needs an answer is rejected as unavailable in a long outage', async (setup) => {
      const resume = await setup.interrupt(cluster.here);
      for (const work of [
        cluster.here.publish('log', event(1)),
        cluster.here.read('log', 'events'),
        cluster.here.claim('k', 'f'),
        cluster.here.lease('arena'),
      ]) {
        await expect(work).rejects.toMatchObject({ name: 'BrokerError', code: 'unavailable' });
      }
      await resume();
      await eventually(setup, 'the node to be back', NOTICE_MS, () =>
        cluster.here.publish('log', event(2)).then(
          () => true,
          () => false,
        ),
      );
    });

    testWith('loseReply', 'a publication whose reply was lost is stored once, and in order', async (setup) => {
      await cluster.here.publish('log', event(0));
      await setup.loseReply(cluster.here);
      const events = Array.from({ length: 20 }, (_, n) => event(n + 1));
      const published = await Promise.all(events.map((one) => cluster.here.publish('log', one)));
      expect(published.map(({ offset }) => offset)).toEqual(events.map((_, n) => n + 2));
      const { publications } = await cluster.there.read('log', 'events', { above: -1 });
      expect(publications.map(({ id }) => id)).toEqual(events.slice(-publications.length).map(({ id }) => id));
    });

    testWith('loseReply', 'a claim whose reply was lost belongs to its caller', async (setup) => {
      await setup.loseReply(cluster.here);
      expect(await cluster.here.claim('k', 'f')).toEqual({ outcome: 'claimed' });
      await setup.loseReply(cluster.here);
      await cluster.here.settle('k', 'answer', 600_000);
      expect(await cluster.there.claim('k', 'f')).toEqual({ outcome: 'settled', answer: 'answer' });
    });

    testWith(
      'rollBack',
      'a reader can tell that the server lost publications, and gave their offsets out again',
      async (setup) => {
        const heard = await record(cluster.here, 'lobby');
        const values = [state({ n: 1 })];
        for (let n = 2; n <= 5; n++) values.push(state({ n }, values.at(-1)));
        let epoch = '';
        for (const value of values) ({ epoch } = await cluster.there.publish('lobby', value));
        await setup.settle();
        await setup.rollBack('lobby', 3);
        await eventually(setup, 'the news of the loss', NOTICE_MS, () =>
          heard.some(({ type }) => type === 'resumed' || type === 'epoch'),
        );
        for (const extra of [0, 1, 2, 3]) {
          if (extra > 0) await cluster.there.publish('lobby', state({ again: extra }));
          const history = await cluster.here.read('lobby', 'state', { above: 5 });
          expect(history.epoch !== epoch || history.idAbove !== values[4]!.id).toBe(true);
          expect(valueOf(history)).toEqual(extra === 0 ? { n: 3 } : { again: extra });
        }
      },
    );

    testWith('rollBack', 'the token of a lease grows although the server lost writes', async (setup) => {
      const lease = await cluster.here.lease('arena');
      await cluster.here.publish('lobby', state(1));
      await setup.rollBack('lobby', 0);
      await lease!.release();
      const next = await eventually(setup, 'the lease', NOTICE_MS, () => cluster.there.lease('arena'));
      expect(next.token).toBeGreaterThan(lease!.token);
    });
  });
}
