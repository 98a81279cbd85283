import { describe, expect, test } from '@jest/globals';

import type { NewPublication, TopicMessage } from '../../core/broker.js';
import { TopicListeners, type TopicReceiver } from './topic-listeners.js';

async function create({ hasHeard = true } = {}) {
  const receivers = new Map<string, TopicReceiver>();
  const channels = {
    add: async (topic: string, added: TopicReceiver) => void receivers.set(topic, added),
    remove: (topic: string) => void receivers.delete(topic),
  };
  const own = new Map<string, NewPublication>();
  const errors: unknown[] = [];
  const listeners = new TopicListeners(
    channels,
    (id) => own.get(id),
    (topic, error) => errors.push(topic, error),
  );
  const messages: TopicMessage[] = [];
  const release = await listeners.listen('lobby', (message) => messages.push(message));
  const receiver = receivers.get('lobby')!;
  const publicationAt = (epoch: string, offset: number) => ({
    ...{ epoch, offset, id: `${epoch}${offset}`, previous: `${epoch}${offset - 1}`, time: 5 },
  });
  const publish = (epoch: string, offset: number): boolean =>
    receiver.receive({ type: 'publication', publication: { ...publicationAt(epoch, offset), data: '1' } });
  const resume = (epoch: string, offset: number): void =>
    listeners.resume([{ topic: 'lobby', position: { epoch, offset }, id: `${epoch}${offset}` }]);
  if (hasHeard) publish('a', 1);
  messages.length = 0;
  return { errors, listeners, messages, own, publicationAt, publish, receiver, receivers, release, resume };
}

test('a publication between the answer of the server and its use counts in the position of `resumed`', async () => {
  const { listeners, messages, publish, resume } = await create();
  listeners.interrupt(() => true);
  publish('a', 2);
  publish('a', 3);
  resume('a', 2);
  expect(messages).toEqual([
    { type: 'interrupted' },
    { type: 'resumed', position: { epoch: 'a', offset: 3 }, id: 'a3' },
  ]);
  resume('a', 3);
  expect(messages).toHaveLength(2);
});

test('a new epoch between the answer of the server and its use counts in the position of `resumed`', async () => {
  const { listeners, messages, publicationAt, receiver, resume } = await create();
  listeners.interrupt(() => true);
  receiver.receive({ type: 'epoch', epoch: 'b' });
  resume('a', 2);
  expect(messages.at(-1)).toEqual({ type: 'resumed', position: { epoch: 'b', offset: 0 }, id: '' });
  listeners.interrupt(() => true);
  receiver.receive({ type: 'epoch', epoch: 'c', first: publicationAt('c', 1) });
  resume('b', 0);
  expect(messages.at(-1)).toEqual({ type: 'resumed', position: { epoch: 'c', offset: 1 }, id: 'c1' });
});

test('a publication that the answer of the server covers does not count', async () => {
  const { listeners, messages, publish, resume } = await create();
  listeners.interrupt(() => true);
  publish('a', 2);
  resume('a', 4);
  expect(messages.at(-1)).toEqual({ type: 'resumed', position: { epoch: 'a', offset: 4 }, id: 'a4' });
  listeners.interrupt(() => true);
  resume('a', 4);
  expect(messages.at(-1)).toEqual({ type: 'resumed', position: { epoch: 'a', offset: 4 }, id: 'a4' });
});

test('a topic without a message so far learns where it stands, so that no new epoch escapes it', async () => {
  const { messages, resume } = await create({ hasHeard: false });
  resume('b', 0);
  expect(messages).toEqual([{ type: 'resumed', position: { epoch: 'b', offset: 0 }, id: 'b0' }]);
  resume('b', 0);
  expect(messages).toHaveLength(1);
});

test('a position behind the publications that the listeners have is not told', async () => {
  const { messages, publish, resume } = await create();
  publish('a', 2);
  resume('a', 1);
  expect(messages.map(({ type }) => type)).toEqual(['publication']);
});

describe('a publication without a text', () => {
  test('is not delivered, so that its text is read', async () => {
    const { messages, publicationAt, receiver } = await create();
    const first = publicationAt('b', 1);
    expect(receiver.receive({ type: 'publication', publication: publicationAt('a', 2) })).toBe(false);
    expect(receiver.receive({ type: 'epoch', epoch: 'b', first })).toBe(false);
    expect([messages, receiver.position]).toEqual([[], { epoch: 'a', offset: 1 }]);
  });

  test('of this node is delivered with the value that was published', async () => {
    const { messages, own, publicationAt, receiver } = await create();
    own.set('a2', { kind: 'state', id: 'a2', data: '"own"', value: 'own' });
    expect(receiver.receive({ type: 'publication', publication: publicationAt('a', 2) })).toBe(true);
    expect(messages).toMatchObject([{ publication: { data: '"own"', value: 'own' } }]);
  });

  test('counts in the position after an outage', async () => {
    const { listeners, messages, publicationAt, receiver, resume } = await create();
    listeners.interrupt((topic) => topic === 'lobby');
    expect(receiver.receive({ type: 'publication', publication: publicationAt('a', 3) })).toBe(true);
    resume('a', 2);
    expect(messages.at(-1)).toEqual({ type: 'resumed', position: { epoch: 'a', offset: 3 }, id: 'a3' });
  });
});

test('an outage of another topic interrupts no listener', async () => {
  const { listeners, messages } = await create();
  listeners.interrupt((topic) => topic !== 'lobby');
  expect(messages).toEqual([]);
});

test('the first publication of another epoch is told as that epoch', async () => {
  const { messages, publish } = await create();
  publish('b', 1);
  expect(messages).toMatchObject([{ type: 'epoch', epoch: 'b', first: { id: 'b1' } }]);
});

test('the end of a topic ends its messages, and a listener after it starts anew', async () => {
  const { listeners, messages, receiver, receivers } = await create();
  receiver.receive({ type: 'closed' });
  expect([messages, listeners.size, receivers.size]).toEqual([[{ type: 'closed' }], 0, 0]);
  await listeners.listen('lobby', () => undefined);
  expect(listeners.find('lobby')).not.toBe(receiver);
});

test('a listener that throws is reported, and the others get the message', async () => {
  const { errors, listeners, messages, release } = await create();
  await release();
  await listeners.listen('lobby', () => {
    throw new Error('broken');
  });
  await listeners.listen('lobby', (message) => messages.push(message));
  listeners.find('lobby')!.receive({ type: 'epoch', epoch: 'c' });
  expect([errors, messages]).toMatchObject([['lobby', { message: 'broken' }], [{ epoch: 'c' }]]);
});
