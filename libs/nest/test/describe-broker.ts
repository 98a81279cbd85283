import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { BrokerError } from '../src/broker/broker-error.js';
import type { Broadcast, Broker, NewPublication, TopicMessage } from '../src/broker/broker.js';

/** Two nodes of one cluster. An in-process broker may return the same object twice. */
export interface BrokerSetup {
  readonly nodes: readonly [Broker, Broker];
  /** What listeners that threw were logged with. */
  readonly loggedErrors: readonly unknown[];
  /** Publications kept per topic. */
  readonly historyCount: number;
  /** Bytes kept per topic. */
  readonly historyBytes: number;
  /** Milliseconds publications are kept. */
  readonly historyAge: number;
  /** Lets time pass, by the broker's clock too. */
  advance(duration: number): Promise<void>;
  /** Resolves when every message that was sent has arrived everywhere. */
  settle(): Promise<void>;
  dispose(): Promise<void>;
}

function state(value: unknown, patch?: NewPublication['patch']): NewPublication {
  return { kind: 'state', data: JSON.stringify(value), ...(patch === undefined ? {} : { patch }) };
}

function event(value: unknown): NewPublication {
  return { kind: 'events', data: JSON.stringify(value) };
}

function offsets(messages: readonly TopicMessage[]): number[] {
  return messages.flatMap((message) => (message.type === 'publication' ? [message.publication.offset] : []));
}

/** What every broker does. Brokers in other packages run it too. */
export function describeBroker(name: string, create: () => Promise<BrokerSetup>): void {
  describe(`${name} broker`, () => {
    let setup: BrokerSetup;
    let here: Broker;
    let there: Broker;

    beforeEach(async () => {
      setup = await create();
      [here, there] = setup.nodes;
    });

    afterEach(() => setup.dispose());

    describe('positions', () => {
      test('a topic nobody published to stands at 0 of an epoch that stays', async () => {
        const first = await here.read('lobby', 'state');
        expect(first).toMatchObject({ offset: 0, oldest: 1, publications: [] });
        expect(first.epoch).toMatch(/^[A-Za-z0-9_-]{1,32}$/);
        expect(first.data).toBeUndefined();
        expect((await there.read('lobby', 'state')).epoch).toBe(first.epoch);
      });

      test('publications are numbered from 1 without a hole, whichever node they come from', async () => {
        const { epoch } = await here.read('lobby', 'state');
        expect(await here.publish('lobby', state(1))).toEqual({ epoch, offset: 1 });
        expect(await there.publish('lobby', state(2))).toEqual({ epoch, offset: 2 });
        expect(await here.publish('lobby', state(3))).toEqual({ epoch, offset: 3 });
      });

      test('publications made at once all get offsets of their own', async () => {
        const positions = await Promise.all(
          Array.from({ length: 50 }, (_, index) => setup.nodes[index % 2]!.publish('log', event(index))),
        );
        expect(positions.map(({ offset }) => offset).sort((a, b) => a - b)).toEqual(
          Array.from({ length: 50 }, (_, index) => index + 1),
        );
      });

      test('topics whose names look alike have histories of their own', async () => {
        const names = ['a/b', 'a.b', 'a_b', 'a~b', 'a-b', 'A/b', '__proto__', 'constructor', 'a/b/c'];
        for (const topic of names) await here.publish(topic, event(topic));
        for (const topic of names) {
          const { publications } = await there.read(topic, 'events', { above: 0 });
          expect(publications.map(({ data }) => data)).toEqual([JSON.stringify(topic)]);
        }
      });

      test('a new epoch starts at 0 and is taken only from the epoch that was expected', async () => {
        const { epoch } = await here.publish('lobby', state(1));
        const replaced = await there.replaceEpoch('lobby', 'state', epoch);
        expect(replaced.offset).toBe(0);
        expect(replaced.epoch).not.toBe(epoch);
        expect(await here.replaceEpoch('lobby', 'state', epoch)).toEqual(replaced);
        const history = await here.read('lobby', 'state', { above: -1 });
        expect(history).toMatchObject({ ...replaced, oldest: 1, publications: [] });
        expect(history.data).toBeUndefined();
        expect(await here.publish('lobby', state(2))).toEqual({ epoch: replaced.epoch, offset: 1 });
      });
    });

    describe('history', () => {
      test('reading gives the newest value and time of a state topic', async () => {
        await here.publish('lobby', state({ a: 1 }));
        await here.publish('lobby', state({ a: 2 }));
        const history = await there.read('lobby', 'state');
        expect(history).toMatchObject({ offset: 2, data: '{"a":2}', publications: [] });
        expect(history.time).toBeGreaterThan(1_000_000_000_000);
      });

      test('reading gives the publications above an offset, up to a limit, or all that are kept', async () => {
        for (let index = 1; index <= 5; index++) await here.publish('log', event(index));
        const read = async (above: number, limit?: number): Promise<number[]> => {
          const { publications } = await there.read('log', 'events', {
            above,
            ...(limit === undefined ? {} : { limit }),
          });
          return publications.map(({ offset }) => offset);
        };
        expect(await read(2)).toEqual([3, 4, 5]);
        expect(await read(2, 2)).toEqual([3, 4]);
        expect(await read(-1)).toEqual([1, 2, 3, 4, 5]);
        expect(await read(5)).toEqual([]);
        expect(await read(9)).toEqual([]);
      });

      test('a delta is kept instead of the value where it starts from the offset right below', async () => {
        const { epoch } = await here.publish('lobby', state({ a: 1 }));
        await here.publish('lobby', state({ a: 2 }, { epoch, from: 1, delta: '{"=a":2}' }));
        const { data, publications } = await here.read('lobby', 'state', { above: 0 });
        expect(data).toBe('{"a":2}');
        expect(publications.map(({ data: whole, delta }) => [whole, delta])).toEqual([
          ['{"a":1}', undefined],
          [undefined, '{"=a":2}'],
        ]);
      });

      test('a delta that starts elsewhere is dropped and the value kept', async () => {
        const { epoch } = await here.publish('lobby', state({ a: 1 }));
        await here.publish('lobby', state({ a: 2 }));
        await here.publish('lobby', state({ a: 3 }, { epoch, from: 1, delta: '{"=a":3}' }));
        const { publications } = await here.read('lobby', 'state', { above: 2 });
        expect(publications).toHaveLength(1);
        expect(publications[0]).toMatchObject({ offset: 3, data: '{"a":3}' });
        expect(publications[0]!.delta).toBeUndefined();
      });

      test('a delta that starts in another epoch is dropped, though its offset fits', async () => {
        const { epoch } = await here.publish('lobby', state({ a: 1 }));
        await here.replaceEpoch('lobby', 'state', epoch);
        const heard: TopicMessage[] = [];
        await here.listen('lobby', (message) => heard.push(message));
        await here.publish('lobby', state({ b: 1 }));
        await here.publish('lobby', state({ a: 2 }, { epoch, from: 1, delta: '{"=a":2}' }));
        await setup.settle();
        const { publications } = await here.read('lobby', 'state', { above: 1 });
        expect(publications[0]).toMatchObject({ offset: 2, data: '{"a":2}' });
        expect(heard.at(-1)).toMatchObject({ publication: { offset: 2, data: '{"a":2}' } });
        expect(heard.at(-1)).not.toMatchObject({ publication: { delta: expect.anything() } });
      });

      test('history is bounded by count, and says where it begins', async () => {
        const { historyCount } = setup;
        for (let index = 1; index <= historyCount + 3; index++) await here.publish('log', event(index));
        const history = await here.read('log', 'events', { above: -1 });
        expect(history.oldest).toBe(4);
        expect(history.publications).toHaveLength(historyCount);
        expect(history.publications[0]!.offset).toBe(4);
      });

      test('history is bounded by bytes', async () => {
        const large = 'x'.repeat(Math.floor(setup.historyBytes / 3));
        for (let index = 0; index < 5; index++) await here.publish('log', event(large));
        const history = await here.read('log', 'events', { above: -1 });
        expect(history.publications.length).toBeLessThanOrEqual(3);
        expect(history.publications.at(-1)!.offset).toBe(5);
      });

      test('history is bounded by age, and what has aged leaves no value behind but the newest', async () => {
        const release = await here.listen('lobby', () => undefined);
        await here.publish('lobby', state(1));
        await setup.advance(setup.historyAge + 1);
        const history = await here.read('lobby', 'state', { above: -1 });
        expect(history).toMatchObject({ offset: 1, oldest: 2, data: '1', publications: [] });
        await release();
      });

      test('a topic nobody uses for the age of history is forgotten and gets a new epoch', async () => {
        const { epoch } = await here.publish('lobby', state(1));
        await setup.advance(setup.historyAge * 2 + 1);
        const history = await here.read('lobby', 'state');
        expect(history.epoch).not.toBe(epoch);
        expect(history.offset).toBe(0);
      });
    });

    describe('listening', () => {
      test('every publication after the confirmation arrives, in order, on every node, with its whole value', async () => {
        const heard: TopicMessage[][] = [[], []];
        await here.listen('lobby', (message) => heard[0]!.push(message));
        await there.listen('lobby', (message) => heard[1]!.push(message));
        const position = await here.publish('lobby', state({ a: 1 }));
        await there.publish('lobby', state({ a: 2 }, { epoch: position.epoch, from: 1, delta: '{"=a":2}' }));
        await setup.settle();
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

      test('listeners of the publishing node were told when the publication resolves', async () => {
        const heard: TopicMessage[] = [];
        await here.listen('log', (message) => heard.push(message));
        await here.publish('log', event(1));
        expect(offsets(heard)).toEqual([1]);
      });

      test('a listener that throws is logged and harms nobody', async () => {
        const heard: TopicMessage[] = [];
        await here.listen('log', () => {
          throw new Error('listener');
        });
        await here.listen('log', (message) => heard.push(message));
        await here.publish('log', event(1));
        await here.publish('log', event(2));
        await setup.settle();
        expect(offsets(heard)).toEqual([1, 2]);
        expect(setup.loggedErrors).toHaveLength(2);
      });

      test('a listener that publishes in answer disturbs nobody else’s order', async () => {
        const heard: TopicMessage[] = [];
        const answers: Promise<unknown>[] = [];
        await here.listen('log', (message) => {
          if (message.type === 'publication' && message.publication.offset === 1) {
            answers.push(here.publish('log', event('answer')));
          }
        });
        await here.listen('log', (message) => heard.push(message));
        await here.publish('log', event('question'));
        await Promise.all(answers);
        await setup.settle();
        expect(offsets(heard)).toEqual([1, 2]);
      });

      test('after its release a listener hears nothing, and releasing twice is harmless', async () => {
        const heard: TopicMessage[] = [];
        const stays: TopicMessage[] = [];
        const release = await here.listen('log', (message) => heard.push(message));
        await here.listen('log', (message) => stays.push(message));
        await here.publish('log', event(1));
        await setup.settle();
        await release();
        await release();
        await here.publish('log', event(2));
        await setup.settle();
        expect(offsets(heard)).toEqual([1]);
        expect(offsets(stays)).toEqual([1, 2]);
      });

      test('listeners are told of a new epoch, in order with publications', async () => {
        const heard: TopicMessage[] = [];
        await there.listen('lobby', (message) => heard.push(message));
        const { epoch } = await here.publish('lobby', state(1));
        const position = await here.replaceEpoch('lobby', 'state', epoch);
        await here.publish('lobby', state(2));
        await setup.settle();
        expect(heard).toMatchObject([
          { type: 'publication', publication: { epoch, offset: 1 } },
          { type: 'epoch', position },
          { type: 'publication', publication: { epoch: position.epoch, offset: 1 } },
        ]);
      });

      test('listeners are told that a topic was closed, after its last publications, and hear nothing of the next', async () => {
        const heard: TopicMessage[] = [];
        await there.listen('log', (message) => heard.push(message));
        const { epoch } = await here.publish('log', event(1));
        await here.close('log');
        const next = await here.publish('log', event(2));
        await setup.settle();
        expect(heard).toMatchObject([{ type: 'publication', publication: { offset: 1 } }, { type: 'closed' }]);
        expect(next.offset).toBe(1);
        expect(next.epoch).not.toBe(epoch);
      });

      test('closing a topic that does not exist does nothing', async () => {
        await expect(here.close('nowhere')).resolves.toBeUndefined();
      });
    });

    describe('claims', () => {
      test('a key is claimed once; others get the answer of who claimed it', async () => {
        expect(await here.claim('k', 'f')).toEqual({ outcome: 'claimed' });
        const second = await there.claim('k', 'f');
        if (second.outcome !== 'running') throw new Error(second.outcome);
        await here.settle('k', 'answer', 1_000);
        expect(await second.answer).toBe('answer');
        expect(await there.claim('k', 'f')).toEqual({ outcome: 'settled', answer: 'answer' });
      });

      test('of many who claim at once one gets it', async () => {
        const claims = await Promise.all(
          Array.from({ length: 20 }, (_, index) => setup.nodes[index % 2]!.claim('k', 'f')),
        );
        expect(claims.filter(({ outcome }) => outcome === 'claimed')).toHaveLength(1);
        expect(claims.filter(({ outcome }) => outcome === 'running')).toHaveLength(19);
        await here.settle('k', 'answer', 1_000);
      });

      test('the same key with another fingerprint is a conflict, before and after it is settled', async () => {
        await here.claim('k', 'f');
        expect(await there.claim('k', 'g')).toEqual({ outcome: 'conflict' });
        await here.settle('k', 'answer', 1_000);
        expect(await there.claim('k', 'g')).toEqual({ outcome: 'conflict' });
      });

      test('an answer is remembered for its window and no longer', async () => {
        await here.claim('k', 'f');
        await here.settle('k', 'answer', 5_000);
        await setup.advance(4_999);
        expect(await there.claim('k', 'f')).toEqual({ outcome: 'settled', answer: 'answer' });
        await setup.advance(2);
        expect(await there.claim('k', 'f')).toEqual({ outcome: 'claimed' });
      });

      test('a claim that was given back can be claimed again, and who waited for it is told', async () => {
        await here.claim('k', 'f');
        const waiting = await there.claim('k', 'f');
        if (waiting.outcome !== 'running') throw new Error(waiting.outcome);
        const answer = waiting.answer.catch((error: unknown) => error);
        await here.unclaim('k');
        expect(await answer).toMatchObject({ code: 'unclaimed' });
        expect(await there.claim('k', 'other')).toEqual({ outcome: 'claimed' });
      });

      test('only what was claimed can be settled or given back', async () => {
        await expect(here.settle('k', 'answer', 1_000)).rejects.toMatchObject({ code: 'not_held' });
        await expect(here.unclaim('k')).rejects.toBeInstanceOf(BrokerError);
        await here.claim('k', 'f');
        await here.settle('k', 'answer', 1_000);
        await expect(here.unclaim('k')).rejects.toMatchObject({ code: 'not_held' });
        expect(await here.claim('k', 'f')).toEqual({ outcome: 'settled', answer: 'answer' });
      });
    });

    describe('leases', () => {
      test('one node holds a lease until it releases it', async () => {
        const lease = await here.lease('source:lobby');
        expect(lease?.name).toBe('source:lobby');
        expect(await there.lease('source:lobby')).toBeUndefined();
        expect(await there.lease('source:other')).toBeDefined();
        await lease!.release();
        await lease!.release();
        const next = await there.lease('source:lobby');
        expect(next).toBeDefined();
        await lease!.release();
        expect(await here.lease('source:lobby')).toBeUndefined();
      });

      test('a request is answered by whoever holds the lease', async () => {
        expect(await there.request('arena', 'ping')).toBeUndefined();
        const release = here.onRequest('arena', async (message) => ({ echoed: message }));
        expect(await there.request('arena', 'ping')).toBeUndefined();
        const lease = await here.lease('arena');
        expect(await there.request('arena', { n: 1 })).toEqual({ echoed: { n: 1 } });
        await lease!.release();
        expect(await there.request('arena', 'ping')).toBeUndefined();
        await release();
      });

      test('a holder that fails to answer rejects the request', async () => {
        await here.lease('arena');
        here.onRequest('arena', () => Promise.reject(new Error('busy')));
        await expect(there.request('arena', 'ping')).rejects.toMatchObject({ code: 'no_answer' });
      });
    });

    describe('broadcast', () => {
      test('a broadcast reaches every node, the sender included, until the listener is released', async () => {
        const heard: Broadcast[][] = [[], []];
        const releases = setup.nodes.map((node, index) => node.onBroadcast((message) => heard[index]!.push(message)));
        await here.broadcast({ type: 'switch', payload: { enabled: false } });
        await setup.settle();
        expect(heard).toEqual([
          [{ type: 'switch', payload: { enabled: false } }],
          [{ type: 'switch', payload: { enabled: false } }],
        ]);
        await releases[0]!();
        await there.broadcast({ type: 'switch', payload: { enabled: true } });
        await setup.settle();
        expect(heard.map(({ length }) => length)).toEqual([1, 2]);
      });

      test('a broadcast listener that throws is logged and harms nobody', async () => {
        const heard: Broadcast[] = [];
        here.onBroadcast(() => {
          throw new Error('listener');
        });
        here.onBroadcast((message) => heard.push(message));
        await here.broadcast({ type: 'revoke', payload: null });
        await setup.settle();
        expect(heard).toHaveLength(1);
        expect(setup.loggedErrors).toHaveLength(1);
      });
    });

    describe('presence', () => {
      test('members are seen from every node until they leave', async () => {
        await here.join('lobby', { id: 'a', info: { name: 'Ann' } });
        await there.join('lobby', { id: 'b', info: null });
        await there.join('lobby', { id: 'a', info: { name: 'Anna' } });
        const members = await there.members('lobby');
        expect([...members].sort((a, b) => a.id.localeCompare(b.id))).toEqual([
          { id: 'a', info: { name: 'Anna' } },
          { id: 'b', info: null },
        ]);
        await there.leave('lobby', 'a');
        await here.leave('lobby', 'nobody');
        expect(await here.members('lobby')).toEqual([{ id: 'b', info: null }]);
        expect(await here.members('elsewhere')).toEqual([]);
      });
    });

    describe('disposal', () => {
      test('a disposed broker rejects with a typed error and loses its leases', async () => {
        const lease = await here.lease('arena');
        await here.dispose();
        await lease!.lost;
        await expect(here.publish('log', event(1))).rejects.toMatchObject({ name: 'BrokerError', code: 'disposed' });
        await expect(here.claim('k', 'f')).rejects.toMatchObject({ code: 'disposed' });
      });
    });
  });
}
