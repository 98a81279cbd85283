import { describe, expect, test } from '@jest/globals';

import { MemoryBroker } from '../broker/memory/memory-broker.js';
import { ConnectionRig, Gate } from '../../test/support/connection-rig.js';
import { cutOffBroker } from '../../test/support/cut-off-broker.js';
import { RealtimeConnections } from '../realtime-connections.js';

function set(rig = new ConnectionRig()) {
  const history = { count: 2, bytes: 0, ageMs: 0 };
  const broker = new MemoryBroker({ environment: rig.environment, history, log: rig.log });
  const link = cutOffBroker(broker);
  const connections = new RealtimeConnections(rig.hub, rig.revocations, link.broker, rig.environment, rig.log);
  return { rig, broker, link, connections };
}

const closed = [{ type: 'error', code: 'unauthorized', temporary: false }];

describe('A2: revoke()', () => {
  test('without a grace period closes with 4003 at once', async () => {
    const { rig, connections } = set();
    await rig.welcome('alice');
    await connections.revoke({ user: 'alice' });
    expect(rig.socket.closedWith).toBe(4003);
    expect(await rig.received()).toMatchObject(closed);
  });

  test('with a grace period sends the new expiry and closes with 4003 at that time', async () => {
    const { rig, connections } = set();
    await rig.welcome('alice');
    await connections.revoke({ user: 'alice' }, { graceMs: 10_000 });
    expect(await rig.received()).toEqual([{ type: 'authenticated', expiresAt: rig.environment.now() + 10_000 }]);
    await rig.environment.advance(9_400);
    rig.send({ type: 'action', id: '1', name: 'a' });
    expect(await rig.received()).toEqual([{ type: 'ack', id: '1' }]);
    expect(rig.socket.closedWith).toBeUndefined();
    await rig.environment.advance(1_100);
    expect(rig.socket.closedWith).toBe(4003);
    expect(await rig.received()).toMatchObject(closed);
  });

  test('keeps a connection that presents new credentials during the grace period', async () => {
    const { rig, connections } = set();
    await rig.welcome('alice');
    await connections.revoke({ user: 'alice' }, { graceMs: 10_000 });
    await rig.received();
    rig.send({ type: 'authenticate', token: 'alice', ref: 'r' });
    expect(await rig.received()).toEqual([{ type: 'authenticated', ref: 'r' }]);
    await rig.environment.advance(12_000);
    expect(rig.socket.closedWith).toBeUndefined();
  });

  test.each(['rejected', 'bob'])(
    'closes after the grace period when the client presents the token %s',
    async (token) => {
      const { rig, connections } = set();
      await rig.welcome('alice');
      await connections.revoke({ user: 'alice' }, { graceMs: 10_000 });
      await rig.received();
      if (token === 'rejected') rig.identify = () => Promise.reject(new Error('revoked'));
      rig.send({ type: 'authenticate', token, ref: 'r' });
      expect(await rig.received()).toMatchObject([{ type: 'error', ref: 'r' }]);
      await rig.environment.advance(10_600);
      expect(rig.socket.closedWith).toBe(4003);
    },
  );

  test('applies to credentials whose verification started before it', async () => {
    const { rig, connections } = set();
    const verifying = new Gate();
    await rig.welcome('alice');
    rig.identify = async (token) => {
      await verifying.opened;
      return { id: token!, user: token };
    };
    rig.send({ type: 'authenticate', token: 'alice', ref: 'r' });
    await rig.received();
    await connections.revoke({ user: 'alice' }, { graceMs: 5_000 });
    const expiresAt = rig.environment.now() + 5_000;
    verifying.open();
    expect(await rig.received()).toEqual([
      { type: 'authenticated', expiresAt },
      { type: 'authenticated', expiresAt, ref: 'r' },
    ]);
    await rig.environment.advance(5_600);
    expect(rig.socket.closedWith).toBe(4003);
  });

  test('rejects credentials with timeout when their verification outlived the revocation log', async () => {
    const limits = { timeouts: { authenticationMs: 0 } };
    for (const renewing of [false, true]) {
      const { rig, connections } = set(new ConnectionRig({ limits }));
      const verifying = new Gate();
      if (renewing) await rig.welcome('alice');
      rig.identify = async (token) => {
        await verifying.opened;
        return { id: token!, user: token };
      };
      if (renewing) rig.send({ type: 'authenticate', token: 'alice', ref: 'r' });
      else await rig.welcome('alice');
      await connections.revoke({ connection: 'another' });
      for (let passed = 0; passed < 140_000; passed += 20_000) {
        await rig.environment.advance(20_000);
        rig.send({ type: 'pong' });
      }
      await connections.revoke({ connection: 'a third' });
      await rig.received();
      verifying.open();
      const rejected = { type: 'error', code: 'timeout', temporary: true };
      expect(await rig.received()).toMatchObject([renewing ? { ...rejected, ref: 'r' } : rejected]);
      expect(rig.socket.closedWith).toBe(renewing ? undefined : 4102);
    }
  });

  test('gives new credentials the longer grace period of a later revocation', async () => {
    const { rig, connections } = set();
    await rig.welcome('alice');
    await connections.revoke({ user: 'alice' }, { graceMs: 5_000 });
    rig.send({ type: 'authenticate', token: 'alice', ref: 'r' });
    await rig.received();
    await connections.revoke({ user: 'alice' }, { graceMs: 20_000 });
    expect(await rig.received()).toEqual([{ type: 'authenticated', expiresAt: rig.environment.now() + 20_000 }]);
    await rig.environment.advance(19_400);
    expect(rig.socket.closedWith).toBeUndefined();
    await rig.environment.advance(1_100);
    expect(rig.socket.closedWith).toBe(4003);
  });

  test('applies to a hello that is being verified', async () => {
    const { rig, connections } = set();
    const verifying = new Gate();
    rig.identify = async (token) => {
      await verifying.opened;
      return { id: token!, user: token };
    };
    await rig.welcome('alice');
    await connections.revoke({ user: 'alice' });
    expect(rig.socket.closedWith).toBeUndefined();
    verifying.open();
    expect(await rig.received()).toMatchObject(closed);
    expect(rig.socket.closedWith).toBe(4003);
  });

  test('applies to an upgrade before its hello, and welcome has the new expiry', async () => {
    const identity = { id: 'alice', user: 'alice' };
    const strict = set(new ConnectionRig({}, { identity }));
    await strict.connections.revoke({ user: 'alice' });
    expect(strict.rig.socket.closedWith).toBe(4003);
    const { rig, connections } = set(new ConnectionRig({}, { identity }));
    await connections.revoke({ user: 'alice' }, { graceMs: 3_000 });
    expect(await rig.welcome()).toMatchObject([{ type: 'welcome', expiresAt: rig.environment.now() + 3_000 }]);
    await rig.environment.advance(3_600);
    expect(rig.socket.closedWith).toBe(4003);
  });

  test('of a connection or user leaves other connections open', async () => {
    const { rig, connections } = set();
    await rig.welcome('alice');
    await connections.revoke({ user: 'bob' });
    await connections.revoke({ connection: 'alice' });
    await rig.environment.advance(1_000);
    expect(rig.socket.closedWith).toBeUndefined();
    await connections.revoke({ connection: rig.connection.id });
    expect(rig.socket.closedWith).toBe(4003);
  });

  test('keeps an earlier expiry of the credentials and its close code 4202', async () => {
    const { rig, connections } = set();
    const expiresAt = rig.environment.now() + 4_000;
    rig.identify = () => Promise.resolve({ id: 'alice', user: 'alice', expiresAt });
    await rig.welcome('alice');
    await connections.revoke({ user: 'alice' }, { graceMs: 60_000 });
    expect(await rig.received()).toEqual([{ type: 'authenticated', expiresAt }]);
    await rig.environment.advance(4_600);
    expect(rig.socket.closedWith).toBe(4202);
  });

  test.each([-1, NaN, Infinity, 2 ** 31])('rejects a grace period of %d', async (grace) => {
    await expect(set().connections.revoke({ user: 'alice' }, { graceMs: grace })).rejects.toThrow(RangeError);
  });

  test.each([{}, { user: 7 }, { user: undefined }, { connection: null }, null, { user: 'alice', connection: 'c' }])(
    'of %j rejects instead of revoking nothing, or more than meant',
    async (whose) => {
      await expect(set().connections.revoke(whose as never)).rejects.toThrow(
        new TypeError(
          `revoke() takes { user } or { connection } with the id as a string, got ${JSON.stringify(whose)}.`,
        ),
      );
    },
  );

  test('from a node without grace periods closes at once', async () => {
    const { rig, broker, connections } = set();
    await connections.onModuleInit();
    await rig.welcome('alice');
    const data = JSON.stringify({ user: 'alice' });
    await broker.publish('statewire:revocations', { kind: 'events', id: 'x', data });
    expect(rig.socket.closedWith).toBe(4003);
  });
});

describe('a node that was cut off from the broker', () => {
  async function missing(revocations: readonly object[]) {
    const { rig, broker, link, connections } = set();
    await connections.onModuleInit();
    await rig.welcome('alice');
    link.cutOff();
    for (const [index, whose] of revocations.entries()) {
      const publication = { kind: 'events', id: `${index}`, data: JSON.stringify(whose) } as const;
      await broker.publish('statewire:revocations', publication);
    }
    await rig.environment.settle();
    expect(rig.socket.closedWith).toBeUndefined();
    await link.bringBack();
    await rig.environment.settle();
    return { rig, connections };
  }

  test('acts on the revocations that it missed', async () => {
    const { rig } = await missing([{ user: 'bob' }, { user: 'alice' }]);
    expect(rig.socket.closedWith).toBe(4003);
    expect(rig.logged.join()).not.toContain('revocations-missed');
  });

  test('asks every user for credentials within 10 s if the history no longer has all of them', async () => {
    const { rig } = await missing([{ user: 'alice' }, { user: 'bob' }, { user: 'carol' }]);
    expect(rig.logged).toContainEqual('revocations-missed connections=1 graceMs=10000');
    expect(await rig.received()).toEqual([{ type: 'authenticated', expiresAt: rig.environment.now() + 10_000 }]);
    expect(() => rig.revocations.check('alice', 0)).not.toThrow();
    await rig.environment.advance(10_600);
    expect(rig.socket.closedWith).toBe(4003);
    expect(() => rig.revocations.check('alice', 0)).toThrow('revoked');
    expect(() => rig.revocations.check(undefined, 0)).not.toThrow();
  });

  test('keeps a connection that presents valid credentials within this time', async () => {
    const { rig } = await missing([{ user: 'a' }, { user: 'b' }, { user: 'c' }]);
    await rig.received();
    rig.send({ type: 'authenticate', token: 'alice', ref: 'r' });
    expect(await rig.received()).toEqual([{ type: 'authenticated', ref: 'r' }]);
    await rig.environment.advance(12_000);
    expect(rig.socket.closedWith).toBeUndefined();
  });
});

test('revoke() rejects while the broker is out of reach, and this node does not act', async () => {
  const { rig, link, connections } = set();
  await connections.onModuleInit();
  await rig.welcome('alice');
  link.cutOff();
  await expect(connections.revoke({ user: 'alice' })).rejects.toMatchObject({ code: 'unavailable' });
  expect(rig.socket.closedWith).toBeUndefined();
});
