import { describe, expect, test } from '@jest/globals';

import { RealtimeError } from '../core/errors.js';
import { CLIENT_ID, ConnectionRig, Gate } from '../../test/support/connection-rig.js';
import { FakeConnectionSocket } from '../../test/support/fake-connection-socket.js';

const HELLO = { type: 'hello', clientId: CLIENT_ID };

describe('Connection: heartbeat', () => {
  const heartbeat = { intervalMs: 30_000, timeoutMs: 10_000 };

  test('sends a ping when the server has sent no frame for the interval', async () => {
    const rig = new ConnectionRig({ heartbeat });
    await rig.welcome();
    await rig.environment.advance(20_000);
    rig.send({ type: 'pong' });
    await rig.environment.advance(9_000);
    expect(await rig.received()).toEqual([]);
    await rig.environment.advance(2_000);
    expect(await rig.received()).toEqual([{ type: 'ping' }]);
  });

  test('sends a ping when the client has sent no frame for the interval, even if the server has', async () => {
    const rig = new ConnectionRig({ heartbeat });
    await rig.welcome();
    rig.send({ type: 'subscribe', topics: [{ topic: 'a' }] });
    await rig.received();
    for (let second = 0; second < 31; second += 1) {
      await rig.environment.advance(1_000);
      rig.topics.sendSnapshot('a', second);
    }
    expect((await rig.received()).filter(({ type }) => type === 'ping')).toHaveLength(1);
  });

  test('R7: closes with 4200 and ends the socket when no message arrives for interval + timeout', async () => {
    const rig = new ConnectionRig({ heartbeat });
    await rig.welcome();
    await rig.environment.advance(39_000);
    expect(rig.socket.closedWith).toBeUndefined();
    await rig.environment.advance(1_500);
    expect(rig.socket.closedWith).toBe(4200);
    expect(rig.socket.terminated).toBe(true);
    expect(rig.hub.size).toBe(0);
    expect(rig.environment.timers).toBe(0);
  });

  test('counts any message as an answer to a ping', async () => {
    const rig = new ConnectionRig({ heartbeat });
    await rig.welcome();
    for (let count = 0; count < 6; count += 1) {
      await rig.environment.advance(20_000);
      rig.connection.receiveControl();
      await rig.environment.advance(10_000);
      rig.send({ type: 'pong' });
    }
    expect(rig.socket.closedWith).toBeUndefined();
  });

  test('R19: does not count a stall of the process as silence of the client', async () => {
    const rig = new ConnectionRig({ heartbeat: { intervalMs: 1_000, timeoutMs: 1_000 } });
    await rig.welcome();
    await rig.environment.sleep(3_000);
    await rig.environment.advance(200);
    expect(rig.socket.closedWith).toBeUndefined();
  });

  test('answers a ping at once with the time of the ping', async () => {
    const rig = new ConnectionRig();
    await rig.welcome();
    rig.send({ type: 'ping', time: 42.5 });
    rig.send({ type: 'ping' });
    expect(await rig.received()).toEqual([{ type: 'pong', time: 42.5 }, { type: 'pong' }]);
  });
});

describe('Connection: state', () => {
  test("has the time of its upgrade and the duration of the client's silence", async () => {
    const rig = new ConnectionRig();
    expect(rig.connection.connectedAt).toBe(rig.environment.now());
    await rig.welcome();
    await rig.environment.advance(2_000);
    expect(rig.connection.silence).toBe(2_000);
    rig.connection.receiveControl();
    await rig.environment.advance(1_000);
    expect(rig.connection.silence).toBe(1_000);
    rig.send({ type: 'pong' });
    expect(rig.connection.silence).toBe(0);
  });

  test('starts the time limit for verification at hello', async () => {
    const rig = new ConnectionRig();
    rig.identify = () => new Gate<undefined>().opened;
    await rig.environment.advance(4_000);
    await rig.welcome('token');
    await rig.environment.advance(9_000);
    expect(rig.socket.closedWith).toBeUndefined();
    await rig.environment.advance(1_500);
    expect(rig.socket.closedWith).toBe(4102);
  });

  test('closes with 1013 above the limit of its user and logs one line', async () => {
    const rig = new ConnectionRig({ limits: { connections: { perUser: 1 } } });
    await rig.welcome('alice');
    const socket = new FakeConnectionSocket();
    const other = rig.hub.open(socket, rig.upgradeContext());
    other.receive(Buffer.from(JSON.stringify({ ...HELLO, token: 'alice' })), false);
    await rig.environment.settle();
    expect(socket.closedWith).toBe(1013);
    expect(rig.logged.filter((line) => line.startsWith('hello-rejected'))).toEqual([
      expect.stringContaining('reason=too_many_requests'),
    ]);
  });

  test('counts as admitted after hello', async () => {
    const rig = new ConnectionRig();
    await rig.welcome('alice');
    const other = rig.hub.open(new FakeConnectionSocket(), rig.upgradeContext());
    expect(rig.counters.connectionsAdmitted).toBe(1);
    other.receive(Buffer.from(JSON.stringify(HELLO)), false);
    await rig.environment.settle();
    expect(rig.counters.connectionsAdmitted).toBe(2);
  });

  test('sends no ping before welcome', async () => {
    const rig = new ConnectionRig({ limits: { timeouts: { helloMs: 0 } } });
    await rig.environment.advance(35_000);
    expect(await rig.received()).toEqual([]);
    expect(rig.socket.closedWith).toBeUndefined();
  });

  test('survives the heartbeat timeout while the server has paused the socket', async () => {
    const limits = { frames: { pipelined: 1 }, timeouts: { authenticationMs: 0 } };
    const rig = new ConnectionRig({ limits });
    rig.identify = () => new Gate<undefined>().opened;
    await rig.welcome('token');
    rig.send({ type: 'subscribe', topics: [{ topic: 'a' }] });
    expect(rig.socket.paused).toBe(true);
    await rig.environment.advance(120_000);
    expect(rig.socket.closedWith).toBeUndefined();
  });

  test('closes at once after closeAfterActions() when no action runs', async () => {
    const rig = new ConnectionRig();
    await rig.welcome();
    rig.connection.closeAfterActions({ code: 1012, meaning: 'the server restarts' });
    expect(rig.socket.closedWith).toBe(1012);
  });
});

describe('Connection: end', () => {
  test('releases its slot in the limit of its address', async () => {
    const rig = new ConnectionRig({ limits: { connections: { perAddress: 1 } } });
    await rig.welcome();
    expect(() => rig.upgradeContext()).toThrow(RealtimeError);
    rig.connection.gone();
    expect(() => rig.upgradeContext()).not.toThrow();
    expect(rig.hub.size).toBe(0);
  });

  test('counts and logs the first close code only', async () => {
    const rig = new ConnectionRig();
    await rig.welcome();
    expect(rig.counters.connectionsAdmitted).toBe(1);
    rig.connection.close({ code: 4100, meaning: 'too many frames' });
    rig.connection.close({ code: 4200, meaning: 'silence' });
    rig.connection.gone();
    expect(rig.counters.closes.toRecord()).toEqual({ 4100: 1 });
    const lines = rig.logged.filter((line) => line.startsWith('connection-closed'));
    expect(lines).toEqual([expect.stringMatching(/reason="too many frames" .*code=4100/)]);
    expect(lines[0]).toContain(rig.connection.id);
  });

  test('releases its topics before the client closes its side', async () => {
    const rig = new ConnectionRig();
    await rig.welcome();
    rig.send({ type: 'subscribe', topics: [{ topic: 'a' }] });
    await rig.received();
    rig.socket.onEnd = () => undefined;
    rig.connection.close({ code: 4100, meaning: 'too many frames' });
    expect(rig.topics.followed).toEqual([]);
    expect(rig.connection.topics).toEqual([]);
  });

  test('closes with 1011 when the server fails on a message, and logs the connection id', async () => {
    const rig = new ConnectionRig();
    await rig.welcome();
    const message = Object.assign(Buffer.from('{}'), {
      toString: () => {
        throw new Error('secret');
      },
    });
    rig.connection.receive(message, false);
    expect(await rig.received()).toMatchObject([{ type: 'error', code: 'internal' }]);
    expect(rig.socket.closedWith).toBe(1011);
    expect(rig.logged.some((line) => line.startsWith('request-failed') && line.includes(rig.connection.id))).toBe(true);
  });

  test('admits no client when the socket closes during the verification of hello', async () => {
    for (const settle of ['open', 'fail'] as const) {
      const rig = new ConnectionRig();
      const gate = new Gate<undefined>();
      rig.identify = () => gate.opened;
      await rig.welcome('token');
      rig.connection.gone();
      gate[settle](undefined);
      expect(await rig.received()).toEqual([]);
      expect(rig.counters.connectionsAdmitted).toBe(0);
      expect(rig.logged.filter((line) => line.startsWith('hello-rejected'))).toEqual([]);
    }
  });

  test('cancels the timers for bytes that the client has not read', async () => {
    const rig = new ConnectionRig();
    await rig.welcome();
    Object.assign(rig.socket.frames, { bufferedAmount: 10 });
    rig.send({ type: 'ping' });
    await rig.received();
    expect(rig.environment.timers).toBe(2);
    rig.connection.gone();
    expect(rig.environment.timers).toBe(0);
  });

  test('counts a close by the client as `peer`', async () => {
    const rig = new ConnectionRig();
    rig.connection.gone();
    expect(rig.counters.closes.toRecord()).toEqual({ peer: 1 });
  });

  test('ignores later messages and pings', async () => {
    const rig = new ConnectionRig();
    await rig.welcome();
    rig.socket.onEnd = () => undefined;
    rig.connection.close({ code: 4100, meaning: 'too many frames' });
    await rig.environment.advance(120_000);
    rig.send({ type: 'ping' });
    rig.send('no frame');
    rig.connection.receiveControl();
    rig.connection.revoked();
    expect(await rig.received()).toEqual([]);
    expect(rig.connection.silence).toBe(120_000);
    expect(rig.socket).toMatchObject({ closedWith: 4100, terminated: false });
    expect(rig.counters.closes.toRecord()).toEqual({ 4100: 1 });
    expect(rig.logged.filter((line) => line.startsWith('bad-frame'))).toEqual([]);
  });
});

describe('Connection: drain', () => {
  test('sends drain after welcome, and closes with 4201 before welcome', async () => {
    const welcomed = new ConnectionRig();
    await welcomed.welcome();
    welcomed.connection.drain(4_000);
    expect(await welcomed.received()).toEqual([{ type: 'drain', reconnectWithin: 4_000 }]);
    const greeting = new ConnectionRig();
    greeting.connection.drain(4_000);
    expect(greeting.socket.closedWith).toBe(4201);
  });

  test('waits for a running action and rejects new ones before it closes', async () => {
    const rig = new ConnectionRig();
    const gate = new Gate();
    rig.act = async ({ id }) => {
      await gate.opened;
      return { type: 'ack', id };
    };
    await rig.welcome();
    rig.send({ type: 'action', id: '1', name: 'parallel/a' });
    await rig.environment.settle();
    rig.connection.closeAfterActions({ code: 1012, meaning: 'restart' });
    rig.send({ type: 'action', id: '2', name: 'parallel/a' });
    expect(await rig.received()).toMatchObject([{ type: 'error', code: 'unavailable', id: '2' }]);
    expect(rig.socket.closedWith).toBeUndefined();
    gate.open();
    expect(await rig.received()).toMatchObject([{ type: 'ack', id: '1' }]);
    expect(rig.socket.closedWith).toBe(1012);
  });

  test('closes after the answer of a handler that returns at once and ends the connection itself', async () => {
    const rig = await ConnectionRig.welcomed();
    await rig.received();
    rig.act = ({ id }) => {
      rig.connection.closeAfterActions({ code: 1012, meaning: 'restart' });
      expect(rig.socket.closedWith).toBeUndefined();
      return { type: 'ack', id };
    };
    rig.send({ type: 'action', id: '1', name: 'a' });
    expect(await rig.received()).toEqual([{ type: 'ack', id: '1' }]);
    expect(rig.socket.closedWith).toBe(1012);
  });
});
