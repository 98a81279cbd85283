import { expect, test } from '@jest/globals';
import { ConnectionLostError } from '@statewire/nest/broker';
import { VirtualEnvironment } from '@statewire/testing';

import { errorReply, FakeServer } from '../test/support/fake-wire.js';
import { RedisConnection } from './connection.js';
import { connectionEvents } from '../test/support/connection-events.js';
import { StaleLineageError } from './errors.js';

async function connect() {
  const server = new FakeServer();
  const environment = new VirtualEnvironment();
  const lost: string[] = [];
  const heard: string[] = [];
  const connection = await RedisConnection.open(server.open, environment, 5_000, {
    ...connectionEvents,
    onMessage: (channel, message) => heard.push(`${channel} ${message}`),
    onLost: (_, error) => lost.push(error.message),
  });
  return { server, environment, connection, lost, heard };
}

test('a silent connection is probed after a second, and lives on with each answer', async () => {
  const { server, environment, lost } = await connect();
  await environment.advance(900);
  expect(server.named('PING')).toHaveLength(0);
  await environment.advance(9_100);
  const probes = server.named('PING').length;
  expect(probes).toBeGreaterThanOrEqual(7);
  expect(probes).toBeLessThanOrEqual(10);
  expect(lost).toEqual([]);
});

test('a frozen server is noticed within 3.5 s, and commands under way reject', async () => {
  const { server, environment, connection, lost } = await connect();
  server.isFrozen = true;
  const command = connection.send(['GET', 'a']).catch((error: unknown) => error);
  await environment.advance(2_900);
  expect(lost).toEqual([]);
  await environment.advance(600);
  expect(lost).toEqual(['Redis said nothing for 3000 ms']);
  expect(await command).toBeInstanceOf(ConnectionLostError);
  expect(server.wires[0]!.isDestroyed).toBe(true);
  expect(environment.timers).toBe(0);
  await expect(connection.send(['GET', 'a'])).rejects.toBeInstanceOf(ConnectionLostError);
});

test('messages of the server count as signs of life', async () => {
  const { server, environment, connection, lost, heard } = await connect();
  server.isFrozen = true;
  connection.send(['GET', 'a']).catch(() => undefined);
  for (let n = 0; n < 10; n++) {
    await environment.advance(1_000);
    server.wires[0]!.events.onMessage('c', String(n));
  }
  expect(lost).toEqual([]);
  expect(heard).toHaveLength(10);
});

test('a process that was stopped itself does not blame the server', async () => {
  const { environment, lost } = await connect();
  await environment.sleep(60_000);
  await environment.advance(2_000);
  expect(lost).toEqual([]);
});

test.each(['READONLY You cannot write', 'LOADING', 'MASTERDOWN', 'NOREPLICAS', 'BUSY', 'MISCONF'])(
  'the reply %s ends the connection, because another server may be the master',
  async (reply) => {
    const { server, connection, lost } = await connect();
    server.answers['EVALSHA'] = () => errorReply(reply);
    await expect(connection.send(['EVALSHA'])).rejects.toBeInstanceOf(ConnectionLostError);
    expect(lost).toEqual([reply]);
  },
);

test.each(['NOSCRIPT No matching script', 'STALE the lineage changed'])(
  'the reply %s says that the server must be adopted',
  async (reply) => {
    const { server, connection, lost } = await connect();
    server.answers['EVALSHA'] = () => errorReply(reply);
    await expect(connection.send(['EVALSHA'])).rejects.toBeInstanceOf(StaleLineageError);
    expect(lost).toEqual([]);
  },
);

test.each([
  ['OOM command not allowed', 'full'],
  ['ERR unknown command', 'unavailable'],
])('the reply %s is an error of the broker', async (reply, code) => {
  const { server, connection, lost } = await connect();
  server.answers['EVALSHA'] = () => errorReply(reply);
  await expect(connection.send(['EVALSHA'])).rejects.toMatchObject({ name: 'BrokerError', code });
  expect(lost).toEqual([]);
});

test('a connection that does not open in time rejects', async () => {
  const server = new FakeServer();
  const environment = new VirtualEnvironment();
  server.isFrozen = true;
  const opening = RedisConnection.open(server.open, environment, 2_000, connectionEvents).catch(
    (error: Error) => error.message,
  );
  await environment.advance(2_000);
  expect(await opening).toBe('no connection within 2000 ms');
  expect(environment.timers).toBe(0);
});

test('the end of the socket ends the connection once', async () => {
  const { server, connection, lost } = await connect();
  server.wires[0]!.events.onEnd(new Error('read ECONNRESET'));
  server.wires[0]!.events.onEnd(new Error('again'));
  connection.lose(new Error('and again'));
  expect(lost).toEqual(['read ECONNRESET']);
});
