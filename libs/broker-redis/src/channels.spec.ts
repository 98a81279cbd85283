import { expect, test } from '@jest/globals';
import { VirtualEnvironment } from '@statewire/testing';

import { FakeServer } from '../test/support/fake-wire.js';
import { Channels } from './channels.js';
import { connectionEvents } from '../test/support/connection-events.js';
import { RedisConnection } from './connection.js';

async function create() {
  const server = new FakeServer();
  const channels = new Channels();
  const connect = async (): Promise<void> => {
    const connection = await RedisConnection.open(server.open, new VirtualEnvironment(), 1_000, {
      ...connectionEvents,
      onMessage: (name, message) => channels.receive(name, message),
    });
    await channels.resubscribe(connection, [0]);
  };
  await connect();
  return { server, channels, connect };
}

async function turn(): Promise<void> {
  await new Promise(setImmediate);
}

test('a channel is subscribed while it has a handler', async () => {
  const { server, channels } = await create();
  const heard: string[] = [];
  const [first, second] = [(m: string) => heard.push(`1 ${m}`), (m: string) => heard.push(`2 ${m}`)];
  await channels.add(0, 'c', first);
  await channels.add(0, 'c', second);
  server.wires[0]!.events.onMessage('c', 'a');
  channels.remove('c', first);
  await turn();
  expect([...server.wires[0]!.subscribed]).toEqual(['c']);
  server.wires[0]!.events.onMessage('c', 'b');
  channels.remove('c', second);
  channels.remove('c', second);
  server.wires[0]!.events.onMessage('c', 'c');
  await turn();
  expect([...server.wires[0]!.subscribed]).toEqual([]);
  expect(heard).toEqual(['1 a', '2 a', '2 b']);
  expect(channels.size).toBe(0);
});

test('a handler that is removed before the confirmation, and one that comes right after it, leave the right subscription', async () => {
  const { server, channels } = await create();
  const handler = (): void => undefined;
  const adding = channels.add(0, 'c', handler);
  channels.remove('c', handler);
  await adding;
  await turn();
  expect(server.wires[0]!.subscribed.size).toBe(0);
  void channels.add(0, 'c', handler);
  channels.remove('c', handler);
  await channels.add(0, 'c', handler);
  await turn();
  expect([...server.wires[0]!.subscribed]).toEqual(['c']);
});

test('all channels are subscribed again on the next connection, in batches', async () => {
  const { server, channels, connect } = await create();
  const handler = (): void => undefined;
  for (let n = 0; n < 1_000; n++) await channels.add(0, `c${n}`, handler);
  server.wires[0]!.destroy();
  await connect();
  expect(server.wires[1]!.subscribed.size).toBe(1_000);
});

test('a handler that is added without a connection is told that it may miss messages, and is subscribed later', async () => {
  const { server, channels, connect } = await create();
  server.wires[0]!.events.onEnd(new Error('lost'));
  await expect(channels.add(0, 'c', () => undefined)).rejects.toThrow('lost');
  await connect();
  expect([...server.wires[1]!.subscribed]).toEqual(['c']);
});
