import { expect, test } from '@jest/globals';
import type { TopicMessage } from '@statewire/nest';

import { Channels } from './channels.js';
import type { RedisConnection } from './connection.js';
import { Keys } from './keys.js';
import { TopicListeners } from './topic-listeners.js';

const { partition, channel } = new Keys('sw').topic('lobby');

async function create({ hasHeard = true } = {}) {
  const channels = new Channels();
  const connection = { subscribe: async () => undefined, unsubscribe: async () => undefined };
  await channels.resubscribe(connection as unknown as RedisConnection, [partition]);
  const listeners = new TopicListeners(
    channels,
    new Keys('sw'),
    () => undefined,
    () => undefined,
  );
  const messages: TopicMessage[] = [];
  await listeners.listen('lobby', (message) => messages.push(message));
  const publish = (epoch: string, offset: number): void =>
    channels.receive(channel, `P ${epoch} ${offset} 5 ${epoch}${offset} ${epoch}${offset - 1} d\n1`);
  const resume = (epoch: string, offset: number): void =>
    listeners.resume([{ topic: 'lobby', position: { epoch, offset }, id: `${epoch}${offset}` }]);
  if (hasHeard) publish('a', 1);
  messages.length = 0;
  return { channels, listeners, messages, publish, resume };
}

test('a publication between the answer of the server and its use counts in the position of `resumed`', async () => {
  const { listeners, messages, publish, resume } = await create();
  listeners.interrupt([partition]);
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
  const { channels, listeners, messages, resume } = await create();
  listeners.interrupt([partition]);
  channels.receive(channel, 'E b\n');
  resume('a', 2);
  expect(messages.at(-1)).toEqual({ type: 'resumed', position: { epoch: 'b', offset: 0 }, id: '' });
  listeners.interrupt([partition]);
  channels.receive(channel, 'E c 5 c1\n1');
  resume('b', 0);
  expect(messages.at(-1)).toEqual({ type: 'resumed', position: { epoch: 'c', offset: 1 }, id: 'c1' });
});

test('a publication that the answer of the server covers does not count', async () => {
  const { listeners, messages, publish, resume } = await create();
  listeners.interrupt([partition]);
  publish('a', 2);
  resume('a', 4);
  expect(messages.at(-1)).toEqual({ type: 'resumed', position: { epoch: 'a', offset: 4 }, id: 'a4' });
  listeners.interrupt([partition]);
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
