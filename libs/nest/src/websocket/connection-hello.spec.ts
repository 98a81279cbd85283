import { describe, expect, test } from '@jest/globals';

import { RealtimeError } from '../core/errors.js';
import type { FrameSink } from '../delivery/frame-sink.js';
import { CLIENT_ID, ConnectionRig, Gate } from '../../test/support/connection-rig.js';

const HELLO = { type: 'hello', clientId: CLIENT_ID };

describe('Connection: hello', () => {
  test('answers the first hello with welcome and a second one with an error', async () => {
    const rig = new ConnectionRig();
    expect(await rig.welcome()).toEqual([
      {
        type: 'welcome',
        connectionId: rig.connection.id,
        serverTime: rig.environment.now(),
        heartbeat: { interval: 30_000, timeout: 10_000 },
        limits: { frameBytes: 65_536, subscriptions: 128, framesPerSecond: 20 },
        actionWindow: 120_000,
      },
    ]);
    rig.send(HELLO);
    expect(await rig.received()).toEqual([
      { type: 'error', code: 'bad_request', message: 'Send `hello` once.', temporary: false },
    ]);
  });

  test('sends the expiry of the credentials in welcome', async () => {
    const rig = new ConnectionRig();
    const expiresAt = rig.environment.now() + 60_000;
    rig.identify = async () => ({ id: 'alice', user: {}, expiresAt });
    expect(await rig.welcome('token')).toMatchObject([{ type: 'welcome', expiresAt }]);
  });

  test('names the oldest contract of a page in welcome, and counts the clients with an older one', async () => {
    const rig = new ConnectionRig({ minContract: 3, heartbeat: { intervalMs: 120_000 } });
    rig.send({ ...HELLO, contract: 2 });
    expect(await rig.received()).toMatchObject([{ type: 'welcome', minContract: 3 }]);
    await rig.environment.advance(61_000);
    expect(rig.logged.filter((line) => line.includes('outdated-clients'))).toEqual([
      expect.stringMatching(/clients=1 .*oldest=2 .*minContract=3/),
    ]);
    const current = new ConnectionRig({ minContract: 3, heartbeat: { intervalMs: 120_000 } });
    current.send({ ...HELLO, contract: 3 });
    await current.environment.advance(61_000);
    expect(current.logged.filter((line) => line.includes('outdated-clients'))).toEqual([]);
  });

  test.each([
    [undefined, []],
    [['append'], ['append']],
  ])('sends patches with the operations %j of hello', async (deltas, known) => {
    const rig = new ConnectionRig();
    const sinks: FrameSink[] = [];
    const subscribe = rig.topics.subscribe.bind(rig.topics);
    rig.topics.subscribe = (topic, sink, options) => {
      sinks.push(sink);
      return subscribe(topic, sink, options);
    };
    rig.send({ ...HELLO, deltas });
    rig.send({ type: 'subscribe', topics: [{ topic: 'a' }] });
    await rig.received();
    expect(sinks.map((sink) => sink.deltas)).toEqual([known]);
  });

  test('rejects any other frame before hello with the ref or id of that frame', async () => {
    const rig = new ConnectionRig();
    rig.send({ type: 'subscribe', topics: [{ topic: 'a' }], ref: 'r' });
    rig.send({ type: 'action', id: '7', name: 'a' });
    expect(await rig.received()).toMatchObject([
      { type: 'error', code: 'bad_request', ref: 'r' },
      { type: 'error', code: 'bad_request', id: '7' },
    ]);
    expect(await rig.welcome()).toMatchObject([{ type: 'welcome' }]);
  });

  test('closes with 4001 when hello does not arrive in time', async () => {
    const rig = new ConnectionRig();
    await rig.environment.advance(4_900);
    expect(rig.socket.closedWith).toBeUndefined();
    await rig.environment.advance(200);
    expect(rig.socket.closedWith).toBe(4001);
  });

  test('closes with 4102 when the verification of hello takes too long, and ignores its later result', async () => {
    const rig = new ConnectionRig();
    const gate = new Gate<undefined>();
    rig.identify = () => gate.opened;
    await rig.welcome('token');
    await rig.environment.advance(10_100);
    expect(rig.socket.closedWith).toBe(4102);
    gate.open(undefined);
    expect(await rig.received()).toEqual([]);
  });

  test.each<[string, () => Error, string, number]>([
    ['rejected credentials', () => new RealtimeError('unauthorized', 'No.'), 'unauthorized', 4003],
    [
      'expired credentials',
      () => new RealtimeError('unauthorized', 'Old.', { details: { expired: true } }),
      'unauthorized',
      4202,
    ],
    [
      'too many connections',
      () => new RealtimeError('too_many_requests', 'Many.', { retryAfter: 5 }),
      'too_many_requests',
      1013,
    ],
    ['an unavailable verifier', () => new RealtimeError('unavailable', 'Later.'), 'unavailable', 4102],
    ['a verifier that throws', () => new TypeError('secret of the server'), 'internal', 1011],
  ])('sends an error for %s and then closes', async (_, thrown, code, closeCode) => {
    const rig = new ConnectionRig();
    rig.identify = () => Promise.reject(thrown());
    const frames = await rig.welcome('token');
    expect(frames).toMatchObject([{ type: 'error', code }]);
    expect(JSON.stringify(frames)).not.toContain('secret');
    expect(rig.socket.closedWith).toBe(closeCode);
  });

  test('closes with 4003 when a connection guard rejects the client', async () => {
    const rig = new ConnectionRig();
    rig.admit = () => Promise.reject(new RealtimeError('forbidden', 'Banned.'));
    expect(await rig.welcome()).toMatchObject([{ type: 'error', code: 'forbidden', message: 'Banned.' }]);
    expect(rig.socket.closedWith).toBe(4003);
  });

  test('calls neither verifier nor guards after an upgrade with verified credentials', async () => {
    const rig = new ConnectionRig({}, { identity: { id: 'alice', user: 'alice' } });
    rig.identify = () => Promise.reject(new Error('asked'));
    rig.admit = () => Promise.reject(new Error('asked'));
    expect(await rig.welcome()).toMatchObject([{ type: 'welcome' }]);
    expect(rig.connection.user).toBe('alice');
  });

  test('releases connection and timers when the socket closes during the verification of hello', async () => {
    const rig = new ConnectionRig();
    const gate = new Gate<undefined>();
    rig.identify = () => gate.opened;
    await rig.welcome('token');
    rig.connection.gone();
    gate.open(undefined);
    await rig.environment.settle();
    expect(rig.hub.size).toBe(0);
    expect(rig.environment.timers).toBe(0);
  });
});

describe('Connection: frames sent before the answer to hello', () => {
  test('run in order after welcome', async () => {
    const rig = new ConnectionRig();
    const gate = new Gate<undefined>();
    rig.identify = () => gate.opened;
    await rig.welcome('token');
    rig.send({ type: 'subscribe', topics: [{ topic: 'a' }], ref: '1' });
    rig.send({ type: 'action', id: '2', name: 'b' });
    rig.send({ type: 'ping', time: 3 });
    expect(await rig.received()).toEqual([{ type: 'pong', time: 3 }]);
    gate.open(undefined);
    const types = (await rig.received()).map(({ type }) => type);
    expect(types[0]).toBe('welcome');
    expect(types.slice(1).sort()).toEqual(['ack', 'subscribed']);
  });

  test.each([
    ['256 frames', 256, 10],
    ['256 KiB', 5, 60_000],
  ])('pause the socket at %s, and all of them run after welcome', async (_, count, size) => {
    const rig = new ConnectionRig();
    const gate = new Gate<undefined>();
    const started: string[] = [];
    rig.identify = () => gate.opened;
    rig.act = ({ id }) => {
      started.push(id);
      return Promise.resolve({ type: 'ack', id });
    };
    await rig.welcome('token');
    const ids = Array.from({ length: count }, (_unused, index) => String(index));
    for (const id of ids) {
      expect(rig.socket.paused).toBe(false);
      rig.send({ type: 'action', id, name: 'a', data: 'x'.repeat(size) });
    }
    expect(rig.socket.paused).toBe(true);
    gate.open(undefined);
    const [welcome, ...acks] = await rig.received();
    expect(welcome).toMatchObject({ type: 'welcome' });
    expect(acks.map((frame) => frame.type === 'ack' && frame.id)).toEqual(ids);
    expect(started).toEqual(ids);
    expect(rig.socket.paused).toBe(false);
  });
});

describe('Connection: credentials', () => {
  async function welcomed(lifetime: number): Promise<ConnectionRig> {
    const rig = new ConnectionRig();
    rig.identify = (token) =>
      Promise.resolve({ id: 'alice', user: token, expiresAt: rig.environment.now() + lifetime });
    await rig.welcome('first');
    return rig;
  }

  test('A2: close the connection with 4202 when they expire', async () => {
    const rig = await welcomed(20_000);
    await rig.environment.advance(19_000);
    expect(rig.socket.closedWith).toBeUndefined();
    await rig.environment.advance(1_500);
    expect(rig.socket.closedWith).toBe(4202);
  });

  test('stay valid longer after authenticate with a new token', async () => {
    const rig = await welcomed(20_000);
    await rig.environment.advance(15_000);
    rig.send({ type: 'authenticate', token: 'second', ref: 'r' });
    expect(await rig.received()).toEqual([
      { type: 'authenticated', expiresAt: rig.environment.now() + 20_000, ref: 'r' },
    ]);
    await rig.environment.advance(15_000);
    expect(rig.socket.closedWith).toBeUndefined();
  });

  test('stay valid until they expire when their renewal fails', async () => {
    const rig = await welcomed(20_000);
    rig.identify = () => Promise.reject(new RealtimeError('unauthorized', 'No.'));
    rig.send({ type: 'authenticate', token: 'second', ref: 'r' });
    expect(await rig.received()).toMatchObject([{ type: 'error', code: 'unauthorized', ref: 'r' }]);
    rig.send({ type: 'action', id: '1', name: 'a' });
    expect(await rig.received()).toMatchObject([{ type: 'ack' }]);
    await rig.environment.advance(21_000);
    expect(rig.socket.closedWith).toBe(4202);
  });

  test.each([
    ['another', 'alice', 'bob'],
    ['any identity, from an anonymous one', undefined, 'bob'],
  ])('cannot change the identity to %s', async (_, before, after) => {
    const rig = new ConnectionRig();
    await rig.welcome(before);
    rig.send({ type: 'authenticate', token: after, ref: 'r' });
    expect(await rig.received()).toMatchObject([{ type: 'error', code: 'forbidden', ref: 'r' }]);
    expect(rig.connection.user).toBe(before);
  });

  test('get a timeout error when their verifier never settles, and later frames run', async () => {
    const rig = await welcomed(60_000);
    rig.identify = () => new Gate<undefined>().opened;
    rig.send({ type: 'authenticate', token: 'second', ref: 'r' });
    rig.send({ type: 'action', id: '1', name: 'a' });
    expect(await rig.received()).toEqual([]);
    await rig.environment.advance(10_100);
    expect(await rig.received()).toMatchObject([
      { type: 'error', code: 'timeout', ref: 'r' },
      { type: 'ack', id: '1' },
    ]);
  });
});

describe('Connection: secrecy of a token', () => {
  test('A2: puts no token into a log line or an answer', async () => {
    const rig = new ConnectionRig();
    await rig.welcome('alice');
    rig.identify = () => Promise.reject(new RealtimeError('unauthorized', 'No.'));
    rig.send({ type: 'authenticate', token: 'eyJ-secret', ref: 'r' });
    rig.send({ type: 'authenticate', token: 'eyJ-secret', clientId: 7, ref: { not: 'a ref' } });
    rig.send('{"type":"authenticate","token":"eyJ-secret"');
    rig.send({ type: 'hello', clientId: CLIENT_ID, token: 'eyJ-secret' });
    const told = [...(await rig.received())];
    expect(told).toHaveLength(4);
    const rejected = new ConnectionRig();
    rejected.identify = rig.identify;
    told.push(...(await rejected.welcome('eyJ-secret')));
    expect(rejected.socket.closedWith).toBe(4003);
    expect([...rig.logged, ...rejected.logged].length).toBeGreaterThan(1);
    expect(JSON.stringify([told, rig.logged, rejected.logged])).not.toContain('eyJ-secret');
  });
});
