import { describe, expect, test } from '@jest/globals';

import { resolveOptions } from '../core/resolve-options.js';
import { CLIENT_ID, ConnectionRig, Gate } from '../../test/support/connection-rig.js';
import { FakeConnectionSocket } from '../../test/support/fake-connection-socket.js';
import { Drain } from './drain.js';
import { DrainState } from '../core/drain-state.js';

function drainOf(rig: ConnectionRig, window: number) {
  const state = new DrainState(rig.log);
  const options = resolveOptions({ drain: { windowMs: window } }, rig.environment);
  const outcome = { over: false };
  const drain = new Drain(rig.hub, state, rig.inFlight, options, rig.environment);
  return {
    state,
    outcome,
    begin: () => void drain.beforeApplicationShutdown().then(() => (outcome.over = true)),
  };
}

describe('Drain', () => {
  test('notifies every subscriber, even one that subscribes after the start', () => {
    const { state, begin } = drainOf(new ConnectionRig(), 5_000);
    let notifications = 0;
    state.began.subscribe(() => (notifications += 1));
    expect(state.draining).toBe(false);
    begin();
    state.began.subscribe(() => (notifications += 1));
    expect([state.draining, notifications]).toEqual([true, 2]);
  });

  test('waits for an action that starts during the drain, even if its client leaves', async () => {
    const rig = new ConnectionRig();
    const gate = new Gate();
    rig.act = async ({ id }) => {
      await gate.opened;
      return { type: 'ack', id };
    };
    await rig.welcome();
    const { begin, outcome } = drainOf(rig, 5_000);
    begin();
    await rig.environment.settle();
    rig.send({ type: 'action', id: '1', name: 'a' });
    await rig.environment.settle();
    rig.connection.gone();
    await rig.environment.advance(1_000);
    expect(outcome.over).toBe(false);
    gate.open();
    await rig.environment.settle();
    expect(outcome.over).toBe(true);
  });

  test('waits for an action of a client that left earlier', async () => {
    const rig = new ConnectionRig();
    const gate = new Gate();
    rig.act = async ({ id }) => {
      await gate.opened;
      return { type: 'ack', id };
    };
    await rig.welcome();
    rig.send({ type: 'action', id: '1', name: 'a' });
    await rig.environment.settle();
    const { begin, outcome } = drainOf(rig, 5_000);
    begin();
    rig.connection.gone();
    await rig.environment.advance(1_000);
    expect(outcome.over).toBe(false);
    gate.open();
    await rig.environment.settle();
    expect(outcome.over).toBe(true);
    expect(rig.environment.timers).toBe(0);
  });

  test('R11: sends drain to clients in batches in the first half of its window, with the remaining time', async () => {
    const rig = new ConnectionRig({ limits: { connections: { perAddress: 0, pendingPerAddress: 0 } } });
    const sockets = await Promise.all(
      Array.from({ length: 999 }, async () => {
        const socket = new FakeConnectionSocket();
        const connection = rig.hub.open(socket, rig.upgradeContext());
        socket.onEnd = () => connection.gone();
        connection.receive(Buffer.from(JSON.stringify({ type: 'hello', clientId: CLIENT_ID })), false);
        return socket;
      }),
    );
    await rig.welcome();
    for (const socket of [rig.socket, ...sockets]) socket.written.length = 0;
    const told = (): number[] =>
      [rig.socket, ...sockets].flatMap(({ written }) =>
        written.map((frame) => (frame.type === 'drain' ? frame.reconnectWithin : NaN)),
      );
    const { begin, outcome } = drainOf(rig, 5_000);
    begin();
    await rig.environment.settle();
    expect(told()).toEqual(Array(100).fill(5_000));
    await rig.environment.advance(50);
    expect(new Set(told())).toEqual(new Set([5_000, 4_950]));
    await rig.environment.advance(2_450);
    expect(told()).toHaveLength(1_000);
    expect(Math.min(...told())).toBe(4_550);
    expect(sockets.some(({ closedWith }) => closedWith !== undefined)).toBe(false);
    await rig.environment.advance(2_500);
    expect(new Set([rig.socket, ...sockets].map(({ closedWith }) => closedWith))).toEqual(new Set([1012]));
    await rig.environment.settle();
    expect(outcome.over).toBe(true);
  });

  test('R11: ends after window and grace period, even if actions never end', async () => {
    const rig = new ConnectionRig();
    rig.socket.onEnd = () => undefined;
    rig.act = () => new Gate<never>().opened;
    await rig.welcome();
    rig.send({ type: 'action', id: '1', name: 'a' });
    const { begin, outcome } = drainOf(rig, 5_000);
    begin();
    await rig.environment.advance(8_900);
    expect([outcome.over, rig.socket.closedWith]).toEqual([false, undefined]);
    await rig.environment.advance(200);
    expect(rig.socket).toMatchObject({ closedWith: 1012, terminated: true });
    expect(outcome.over).toBe(true);
  });
});
