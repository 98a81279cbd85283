import { describe, expect, test } from '@jest/globals';

import { RealtimeError } from '../core/errors.js';
import { CLIENT_ID, ConnectionRig, Gate } from '../../test/support/connection-rig.js';
import { FakeConnectionSocket } from '../../test/support/fake-connection-socket.js';

const HELLO = { type: 'hello', clientId: CLIENT_ID };

describe('the greeting', () => {
  test('answers hello with welcome, once', async () => {
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
    rig.say(HELLO);
    expect(await rig.heard()).toEqual([
      { type: 'error', code: 'bad_request', message: 'Send `hello` once.', temporary: false },
    ]);
  });

  test('tells when the credentials end', async () => {
    const rig = new ConnectionRig();
    const expiresAt = rig.environment.now() + 60_000;
    rig.identify = async () => ({ id: 'alice', user: {}, expiresAt });
    expect(await rig.welcome('token')).toMatchObject([{ type: 'welcome', expiresAt }]);
  });

  test('refuses every other frame before hello, and echoes what it asked with', async () => {
    const rig = new ConnectionRig();
    rig.say({ type: 'subscribe', topics: [{ topic: 'a' }], ref: 'r' });
    rig.say({ type: 'action', id: '7', name: 'a' });
    expect(await rig.heard()).toMatchObject([
      { type: 'error', code: 'bad_request', ref: 'r' },
      { type: 'error', code: 'bad_request', id: '7' },
    ]);
    expect(await rig.welcome()).toMatchObject([{ type: 'welcome' }]);
  });

  test('closes with 4001 when hello does not come in time', async () => {
    const rig = new ConnectionRig();
    await rig.environment.advance(4_900);
    expect(rig.socket.closedWith).toBeUndefined();
    await rig.environment.advance(200);
    expect(rig.socket.closedWith).toBe(4001);
  });

  test('closes with 4102 when hello is not verified in time, and ignores what comes of it later', async () => {
    const rig = new ConnectionRig();
    const gate = new Gate<undefined>();
    rig.identify = () => gate.opened;
    await rig.welcome('token');
    await rig.environment.advance(10_100);
    expect(rig.socket.closedWith).toBe(4102);
    gate.open(undefined);
    expect(await rig.heard()).toEqual([]);
  });

  test.each<[string, () => Error, string, number]>([
    ['refused credentials', () => new RealtimeError('unauthorized', 'No.'), 'unauthorized', 4003],
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
      4100,
    ],
    ['a verifier that is not there', () => new RealtimeError('unavailable', 'Later.'), 'unavailable', 4102],
    ['a verifier that fails', () => new TypeError('secret of the server'), 'internal', 1011],
  ])('answers %s with an error and then closes', async (_, thrown, code, closeCode) => {
    const rig = new ConnectionRig();
    rig.identify = () => Promise.reject(thrown());
    const frames = await rig.welcome('token');
    expect(frames).toMatchObject([{ type: 'error', code }]);
    expect(JSON.stringify(frames)).not.toContain('secret');
    expect(rig.socket.closedWith).toBe(closeCode);
  });

  test('closes with 4003 where a connection guard refuses', async () => {
    const rig = new ConnectionRig();
    rig.admit = () => Promise.reject(new RealtimeError('forbidden', 'Banned.'));
    expect(await rig.welcome()).toMatchObject([{ type: 'error', code: 'forbidden', message: 'Banned.' }]);
    expect(rig.socket.closedWith).toBe(4003);
  });

  test('asks neither verifier nor guards again where the upgrade had settled it', async () => {
    const rig = new ConnectionRig({}, { identity: { id: 'alice', user: 'alice' } });
    rig.identify = () => Promise.reject(new Error('asked'));
    rig.admit = () => Promise.reject(new Error('asked'));
    expect(await rig.welcome()).toMatchObject([{ type: 'welcome' }]);
    expect(rig.connection.user).toBe('alice');
  });

  test('frees everything when the socket goes while hello is being verified', async () => {
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

describe('frames that come before hello is settled', () => {
  test('wait for it, and then start in order', async () => {
    const rig = new ConnectionRig();
    const gate = new Gate<undefined>();
    rig.identify = () => gate.opened;
    await rig.welcome('token');
    rig.say({ type: 'subscribe', topics: [{ topic: 'a' }], ref: '1' });
    rig.say({ type: 'action', id: '2', name: 'b' });
    rig.say({ type: 'ping', time: 3 });
    expect(await rig.heard()).toEqual([{ type: 'pong', time: 3 }]);
    gate.open(undefined);
    const types = (await rig.heard()).map(({ type }) => type);
    expect(types[0]).toBe('welcome');
    expect(types.slice(1).sort()).toEqual(['ack', 'subscribed']);
  });

  test.each([
    ['256 frames', 256, 10],
    ['256 KiB', 5, 60_000],
  ])('stop being read at %s, and none of them is lost or refused', async (_, count, size) => {
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
      rig.say({ type: 'action', id, name: 'a', data: 'x'.repeat(size) });
    }
    expect(rig.socket.paused).toBe(true);
    gate.open(undefined);
    const [welcome, ...acks] = await rig.heard();
    expect(welcome).toMatchObject({ type: 'welcome' });
    expect(acks.map((frame) => frame.type === 'ack' && frame.id)).toEqual(ids);
    expect(started).toEqual(ids);
    expect(rig.socket.paused).toBe(false);
  });
});

describe('bad frames', () => {
  test.each<[string, string | object, object]>([
    ['what is not JSON', '{', { code: 'bad_request' }],
    ['JSON that is no object', '[]', { code: 'bad_request' }],
    ['an unknown type', { type: 'shout', ref: 'r' }, { code: 'bad_request', ref: 'r' }],
    [
      'a negative offset',
      { type: 'subscribe', topics: [{ topic: 'a', since: { epoch: 'e', offset: -1 } }] },
      { code: 'bad_request' },
    ],
    [
      'an offset that is no safe integer',
      { type: 'subscribe', topics: [{ topic: 'a', since: { epoch: 'e', offset: 2 ** 53 } }] },
      { code: 'bad_request' },
    ],
    [
      'an offset that is not a number',
      '{"type":"subscribe","topics":[{"topic":"a","since":{"epoch":"e","offset":NaN}}]}',
      { code: 'bad_request' },
    ],
    [
      'a name that no topic has',
      { type: 'subscribe', topics: [{ topic: '../etc' }], ref: 'r' },
      { code: 'bad_request', ref: 'r' },
    ],
    ['JSON nested too deep', '['.repeat(100_000), { code: 'too_large' }],
    ['an action without a name', { type: 'action', id: '9' }, { code: 'bad_request', id: '9' }],
    ['an empty token', { type: 'authenticate', token: '', ref: 'r' }, { code: 'bad_request', ref: 'r' }],
  ])('A9: are answered: %s', async (_, frame, error) => {
    const rig = new ConnectionRig();
    await rig.welcome();
    rig.say(frame);
    expect(await rig.heard()).toEqual([expect.objectContaining({ type: 'error', temporary: false, ...error })]);
    expect(rig.socket.closedWith).toBeUndefined();
  });

  test('include binary messages', async () => {
    const rig = new ConnectionRig();
    rig.connection.receive(Buffer.from(JSON.stringify(HELLO)), true);
    expect(await rig.heard()).toMatchObject([{ type: 'error', code: 'bad_request' }]);
  });

  test('close the connection with 4000 at the tenth within 10 s', async () => {
    const rig = new ConnectionRig();
    await rig.welcome();
    for (let count = 0; count < 9; count += 1) rig.say('?');
    expect(rig.socket.closedWith).toBeUndefined();
    rig.say('?');
    expect(rig.socket.closedWith).toBe(4000);
    expect(await rig.heard()).toHaveLength(10);
  });

  test('are forgotten after 10 s', async () => {
    const rig = new ConnectionRig();
    await rig.welcome();
    for (let count = 0; count < 9; count += 1) rig.say('?');
    await rig.environment.advance(10_100);
    for (let count = 0; count < 9; count += 1) rig.say('?');
    expect(rig.socket.closedWith).toBeUndefined();
  });

  test('A22: write one line a second, however many there are', async () => {
    const rig = new ConnectionRig({ limits: { frames: { malformed: 0 } } });
    await rig.welcome();
    for (let count = 0; count < 1_000; count += 1) rig.say('?');
    await rig.environment.advance(1_000);
    rig.say('?');
    const lines = rig.logged.filter((line) => line.startsWith('bad-frame'));
    expect(lines).toHaveLength(2);
    expect(lines[1]).toContain('alike=999');
  });
});

describe('the rate of frames', () => {
  test('lets a burst of 40 through, refuses what is above it, and fills up again', async () => {
    const rig = new ConnectionRig();
    await rig.welcome();
    for (let id = 0; id < 42; id += 1) rig.say({ type: 'action', id: String(id), name: 'a' });
    const frames = await rig.heard();
    expect(frames.filter(({ type }) => type === 'ack')).toHaveLength(40);
    expect(frames.filter(({ type }) => type === 'error')).toEqual([
      expect.objectContaining({ code: 'too_many_requests', id: '40', temporary: true, retryAfter: 50 }),
      expect.objectContaining({ code: 'too_many_requests', id: '41' }),
    ]);
    await rig.environment.advance(1_000);
    for (let id = 100; id < 121; id += 1) rig.say({ type: 'action', id: String(id), name: 'a' });
    expect((await rig.heard()).filter(({ type }) => type === 'ack')).toHaveLength(20);
  });

  test('closes with 4100 after a hundred refusals in 10 s', async () => {
    const rig = new ConnectionRig();
    await rig.welcome();
    for (let count = 0; count < 139; count += 1) rig.say({ type: 'ping' });
    expect(rig.socket.closedWith).toBeUndefined();
    rig.say({ type: 'ping' });
    expect(rig.socket.closedWith).toBe(4100);
  });

  test('counts pings of WebSocket itself', async () => {
    const rig = new ConnectionRig();
    await rig.welcome();
    for (let count = 0; count < 140; count += 1) rig.connection.receiveControl();
    expect(rig.socket.closedWith).toBe(4100);
  });

  test('refuses each topic of a frame', async () => {
    const rig = new ConnectionRig({ limits: { frames: { perSecond: 1 } } });
    await rig.welcome();
    rig.say({ type: 'ping' });
    rig.say({ type: 'ping' });
    rig.say({ type: 'subscribe', topics: [{ topic: 'a' }, { topic: 'b' }], ref: 's' });
    rig.say({ type: 'unsubscribe', topics: ['c'], ref: 'u' });
    expect((await rig.heard()).slice(2)).toMatchObject([
      { code: 'too_many_requests', topic: 'a', ref: 's' },
      { code: 'too_many_requests', topic: 'b', ref: 's' },
      { code: 'too_many_requests', topic: 'c', ref: 'u' },
    ]);
  });

  test('is no limit at 0', async () => {
    const rig = new ConnectionRig({ limits: { frames: { perSecond: 0 } } });
    await rig.welcome();
    for (let count = 0; count < 1_000; count += 1) rig.say({ type: 'ping' });
    expect(await rig.heard()).toHaveLength(1_000);
  });
});

describe('A16: the rate of all connections of a user or an address', () => {
  /** Opens one more connection of the same address. */
  function open(rig: ConnectionRig) {
    const socket = new FakeConnectionSocket();
    const connection = rig.hub.open(socket, rig.upgradeContext());
    const say = (frame: object): void => connection.receive(Buffer.from(JSON.stringify(frame)), false);
    return { say, heard: () => rig.environment.settle().then(() => socket.written.splice(0)) };
  }

  test.each([
    ['user', 'alice', { frames: { perSecondPerUser: 30 } }],
    ['address', 'bob', { frames: { perSecondPerAddress: 30 } }],
  ])('counts what two connections of one %s send', async (_, second, limits) => {
    const rig = new ConnectionRig({ limits });
    await rig.welcome('alice');
    const other = open(rig);
    other.say({ ...HELLO, token: second });
    await other.heard();
    for (let id = 0; id < 40; id += 1) {
      rig.say({ type: 'ping', time: id });
      other.say({ type: 'ping', time: id });
    }
    const told = [...(await rig.heard()), ...(await other.heard())];
    expect(told.filter(({ type }) => type === 'pong')).toHaveLength(60);
    expect(told.filter((frame) => frame.type === 'error' && frame.code === 'too_many_requests')).toHaveLength(20);
  });

  test('counts what is pipelined before hello is settled', async () => {
    const rig = new ConnectionRig({ limits: { frames: { perSecondPerAddress: 10 } } });
    await rig.welcome('alice');
    for (let id = 0; id < 20; id += 1) rig.say({ type: 'pong' });
    const other = open(rig);
    other.say(HELLO);
    other.say({ type: 'action', id: '1', name: 'a' });
    expect(await other.heard()).toMatchObject([
      { type: 'error', code: 'too_many_requests', id: '1' },
      { type: 'welcome' },
    ]);
  });
});

describe('actions refused for their rate', () => {
  const action = (id: number) => ({ type: 'action', id: String(id), name: 'parallel/a' });
  const refusal = {
    ...{ type: 'error', code: 'too_many_requests', temporary: true },
    ...{ id: expect.any(String), retryAfter: expect.any(Number) },
  };

  test.each([
    ['the rate of a connection', 40, {}],
    ['the rate of a user', 20, { frames: { perSecondPerUser: 10 } }],
    ['the rate of an address', 20, { frames: { perSecondPerAddress: 10 } }],
    ['the number that may wait', 4, { frames: { waiting: 2 } }],
  ])('say by %s that they may come again, and when', async (_, passed, limits) => {
    const rig = new ConnectionRig({ limits });
    await rig.welcome('alice');
    const gate = new Gate();
    rig.act = ({ id }) => gate.opened.then(() => ({ type: 'ack', id }));
    for (let id = 0; id < 50; id += 1) rig.say(action(id));
    const refused = await rig.heard();
    expect(refused).toHaveLength(50 - passed);
    for (const frame of refused) expect(frame).toEqual(expect.objectContaining(refusal));
    expect((refused[0] as { retryAfter: number }).retryAfter).toBeGreaterThan(0);
  });
});

describe('the rate of topics', () => {
  const LIMIT = 128;
  const requests = (page: number) => Array.from({ length: LIMIT }, (_, index) => ({ topic: `page-${page}/${index}` }));
  const follow = (rig: ConnectionRig, page: number): void => rig.say({ type: 'subscribe', topics: requests(page) });
  const leave = (rig: ConnectionRig, page: number): void =>
    rig.say({ type: 'unsubscribe', topics: requests(page).map(({ topic }) => topic) });
  const subscribed = async (rig: ConnectionRig): Promise<number> =>
    (await rig.heard()).filter(({ type }) => type === 'subscribed').length;

  test('lets a client come back to all its topics, and ask again for what it follows as often as frames pass', async () => {
    const rig = new ConnectionRig();
    rig.say({ type: 'hello', clientId: CLIENT_ID });
    follow(rig, 1);
    expect(await subscribed(rig)).toBe(LIMIT);
    for (let count = 0; count < 40; count += 1) {
      follow(rig, 1);
      expect(await subscribed(rig)).toBe(LIMIT);
    }
  });

  test('refuses new ones above twice as many as may be followed, and fills up again', async () => {
    const rig = new ConnectionRig();
    await rig.welcome();
    for (const page of [1, 2]) {
      follow(rig, page);
      expect(await subscribed(rig)).toBe(LIMIT);
      leave(rig, page);
      await rig.heard();
    }
    follow(rig, 3);
    expect(await rig.heard()).toContainEqual(
      expect.objectContaining({ code: 'too_many_requests', topic: 'page-3/0', temporary: true, retryAfter: 1_000 }),
    );
    await rig.environment.advance(1_000);
    follow(rig, 3);
    expect(await subscribed(rig)).toBe(LIMIT);
  });

  test('counts what is pipelined before hello is settled', async () => {
    const rig = new ConnectionRig();
    rig.say({ type: 'hello', clientId: CLIENT_ID });
    for (const page of [1, 2, 3]) follow(rig, page);
    expect(await rig.heard()).toContainEqual(expect.objectContaining({ code: 'too_many_requests', topic: 'page-3/0' }));
  });

  test('is no limit where frames have none', async () => {
    const rig = new ConnectionRig({ limits: { frames: { perSecond: 0 } } });
    await rig.welcome();
    for (const page of [1, 2, 3]) {
      follow(rig, page);
      expect(await subscribed(rig)).toBe(LIMIT);
      leave(rig, page);
      await rig.heard();
    }
  });
});

describe('the heartbeat', () => {
  const heartbeat = { intervalMs: 30_000, timeoutMs: 10_000 };

  test('pings a client that was told nothing for the interval', async () => {
    const rig = new ConnectionRig({ heartbeat });
    await rig.welcome();
    await rig.environment.advance(20_000);
    rig.say({ type: 'pong' });
    await rig.environment.advance(9_000);
    expect(await rig.heard()).toEqual([]);
    await rig.environment.advance(2_000);
    expect(await rig.heard()).toEqual([{ type: 'ping' }]);
  });

  test('pings a client that says nothing, however much it is told', async () => {
    const rig = new ConnectionRig({ heartbeat });
    await rig.welcome();
    rig.say({ type: 'subscribe', topics: [{ topic: 'a' }] });
    await rig.heard();
    for (let second = 0; second < 31; second += 1) {
      await rig.environment.advance(1_000);
      rig.topics.tell('a', second);
    }
    expect((await rig.heard()).filter(({ type }) => type === 'ping')).toHaveLength(1);
  });

  test('R7: closes with 4200 and ends the socket when nothing is heard for interval + timeout', async () => {
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

  test('is satisfied by anything that arrives', async () => {
    const rig = new ConnectionRig({ heartbeat });
    await rig.welcome();
    for (let count = 0; count < 6; count += 1) {
      await rig.environment.advance(20_000);
      rig.connection.receiveControl();
      await rig.environment.advance(10_000);
      rig.say({ type: 'pong' });
    }
    expect(rig.socket.closedWith).toBeUndefined();
  });

  test('R19: takes a stall of the process for a stall, and not for silence', async () => {
    const rig = new ConnectionRig({ heartbeat: { intervalMs: 1_000, timeoutMs: 1_000 } });
    await rig.welcome();
    await rig.environment.sleep(3_000);
    await rig.environment.advance(200);
    expect(rig.socket.closedWith).toBeUndefined();
  });

  test('answers a ping at once, and echoes its time', async () => {
    const rig = new ConnectionRig();
    await rig.welcome();
    rig.say({ type: 'ping', time: 42.5 });
    rig.say({ type: 'ping' });
    expect(await rig.heard()).toEqual([{ type: 'pong', time: 42.5 }, { type: 'pong' }]);
  });
});

describe('credentials', () => {
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

  test('can be renewed in place', async () => {
    const rig = await welcomed(20_000);
    await rig.environment.advance(15_000);
    rig.say({ type: 'authenticate', token: 'second', ref: 'r' });
    expect(await rig.heard()).toEqual([{ type: 'authenticated', expiresAt: rig.environment.now() + 20_000, ref: 'r' }]);
    await rig.environment.advance(15_000);
    expect(rig.socket.closedWith).toBeUndefined();
  });

  test('stay in force until they expire when their renewal fails', async () => {
    const rig = await welcomed(20_000);
    rig.identify = () => Promise.reject(new RealtimeError('unauthorized', 'No.'));
    rig.say({ type: 'authenticate', token: 'second', ref: 'r' });
    expect(await rig.heard()).toMatchObject([{ type: 'error', code: 'unauthorized', ref: 'r' }]);
    rig.say({ type: 'action', id: '1', name: 'a' });
    expect(await rig.heard()).toMatchObject([{ type: 'ack' }]);
    await rig.environment.advance(21_000);
    expect(rig.socket.closedWith).toBe(4202);
  });

  test.each([
    ['another', 'alice', 'bob'],
    ['any, from an anonymous one', undefined, 'bob'],
  ])('cannot change the identity to %s', async (_, before, after) => {
    const rig = new ConnectionRig();
    await rig.welcome(before);
    rig.say({ type: 'authenticate', token: after, ref: 'r' });
    expect(await rig.heard()).toMatchObject([{ type: 'error', code: 'forbidden', ref: 'r' }]);
    expect(rig.connection.user).toBe(before);
  });

  test('are answered with a timeout where their verifier never settles, and frames go on', async () => {
    const rig = await welcomed(60_000);
    rig.identify = () => new Gate<undefined>().opened;
    rig.say({ type: 'authenticate', token: 'second', ref: 'r' });
    rig.say({ type: 'action', id: '1', name: 'a' });
    expect(await rig.heard()).toEqual([]);
    await rig.environment.advance(10_100);
    expect(await rig.heard()).toMatchObject([
      { type: 'error', code: 'timeout', ref: 'r' },
      { type: 'ack', id: '1' },
    ]);
  });
});

describe('A2: a token', () => {
  test('is in no log and in no answer, whatever comes of it', async () => {
    const rig = new ConnectionRig();
    await rig.welcome('alice');
    rig.identify = () => Promise.reject(new RealtimeError('unauthorized', 'No.'));
    rig.say({ type: 'authenticate', token: 'eyJ-secret', ref: 'r' });
    rig.say({ type: 'authenticate', token: 'eyJ-secret', clientId: 7, ref: { not: 'a ref' } });
    rig.say('{"type":"authenticate","token":"eyJ-secret"');
    rig.say({ type: 'hello', clientId: CLIENT_ID, token: 'eyJ-secret' });
    const told = [...(await rig.heard())];
    expect(told).toHaveLength(4);
    const refused = new ConnectionRig();
    refused.identify = rig.identify;
    told.push(...(await refused.welcome('eyJ-secret')));
    expect(refused.socket.closedWith).toBe(4003);
    expect([...rig.logged, ...refused.logged].length).toBeGreaterThan(1);
    expect(JSON.stringify([told, rig.logged, refused.logged])).not.toContain('eyJ-secret');
  });
});

describe('a connection', () => {
  test('knows since when it is open and for how long the client was silent', async () => {
    const rig = new ConnectionRig();
    expect(rig.connection.connectedAt).toBe(rig.environment.now());
    await rig.welcome();
    await rig.environment.advance(2_000);
    expect(rig.connection.silence).toBe(2_000);
    rig.connection.receiveControl();
    await rig.environment.advance(1_000);
    expect(rig.connection.silence).toBe(1_000);
    rig.say({ type: 'pong' });
    expect(rig.connection.silence).toBe(0);
  });

  test('counts the time to verify hello from hello on', async () => {
    const rig = new ConnectionRig();
    rig.identify = () => new Gate<undefined>().opened;
    await rig.environment.advance(4_000);
    await rig.welcome('token');
    await rig.environment.advance(9_000);
    expect(rig.socket.closedWith).toBeUndefined();
    await rig.environment.advance(1_500);
    expect(rig.socket.closedWith).toBe(4102);
  });

  test('above the limit of its user is closed with 4100, and the log has one line', async () => {
    const rig = new ConnectionRig({ limits: { connections: { perUser: 1 } } });
    await rig.welcome('alice');
    const socket = new FakeConnectionSocket();
    const other = rig.hub.open(socket, rig.upgradeContext());
    other.receive(Buffer.from(JSON.stringify({ ...HELLO, token: 'alice' })), false);
    await rig.environment.settle();
    expect(socket.closedWith).toBe(4100);
    expect(rig.logged.filter((line) => line.startsWith('hello-rejected'))).toEqual([
      expect.stringContaining('reason=too_many_requests'),
    ]);
  });

  test('counts once it is admitted', async () => {
    const rig = new ConnectionRig();
    await rig.welcome('alice');
    const other = rig.hub.open(new FakeConnectionSocket(), rig.upgradeContext());
    expect(rig.counters.connectionsAdmitted).toBe(1);
    other.receive(Buffer.from(JSON.stringify(HELLO)), false);
    await rig.environment.settle();
    expect(rig.counters.connectionsAdmitted).toBe(2);
  });

  test('gets no ping before it is open', async () => {
    const rig = new ConnectionRig({ limits: { timeouts: { helloMs: 0 } } });
    await rig.environment.advance(35_000);
    expect(await rig.heard()).toEqual([]);
    expect(rig.socket.closedWith).toBeUndefined();
  });

  test('is not lost while the server does not read from it', async () => {
    const limits = { frames: { pipelined: 1 }, timeouts: { authenticationMs: 0 } };
    const rig = new ConnectionRig({ limits });
    rig.identify = () => new Gate<undefined>().opened;
    await rig.welcome('token');
    rig.say({ type: 'subscribe', topics: [{ topic: 'a' }] });
    expect(rig.socket.paused).toBe(true);
    await rig.environment.advance(120_000);
    expect(rig.socket.closedWith).toBeUndefined();
  });

  test('closes after its actions at once if none runs', async () => {
    const rig = new ConnectionRig();
    await rig.welcome();
    rig.connection.closeAfterActions({ code: 1012, meaning: 'the server restarts' });
    expect(rig.socket.closedWith).toBe(1012);
  });
});

describe('the end of a connection', () => {
  test('frees its place among the connections of its address', async () => {
    const rig = new ConnectionRig({ limits: { connections: { perAddress: 1 } } });
    await rig.welcome();
    expect(() => rig.upgradeContext()).toThrow(RealtimeError);
    rig.connection.gone();
    expect(() => rig.upgradeContext()).not.toThrow();
    expect(rig.hub.size).toBe(0);
  });

  test('is counted and logged once, under the code that the server sent', async () => {
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

  test('frees its topics before the client has closed its side', async () => {
    const rig = new ConnectionRig();
    await rig.welcome();
    rig.say({ type: 'subscribe', topics: [{ topic: 'a' }] });
    await rig.heard();
    rig.socket.onEnd = () => undefined;
    rig.connection.close({ code: 4100, meaning: 'too many frames' });
    expect(rig.topics.followed).toEqual([]);
    expect(rig.connection.topics).toEqual([]);
  });

  test('comes with 1011 if a message makes the server fail, and the log says on which connection', async () => {
    const rig = new ConnectionRig();
    await rig.welcome();
    const message = Object.assign(Buffer.from('{}'), {
      toString: () => {
        throw new Error('secret');
      },
    });
    rig.connection.receive(message, false);
    expect(await rig.heard()).toMatchObject([{ type: 'error', code: 'internal' }]);
    expect(rig.socket.closedWith).toBe(1011);
    expect(rig.logged.some((line) => line.startsWith('request-failed') && line.includes(rig.connection.id))).toBe(true);
  });

  test('while hello is verified admits nobody, whatever comes of hello', async () => {
    for (const settle of ['open', 'fail'] as const) {
      const rig = new ConnectionRig();
      const gate = new Gate<undefined>();
      rig.identify = () => gate.opened;
      await rig.welcome('token');
      rig.connection.gone();
      gate[settle](undefined);
      expect(await rig.heard()).toEqual([]);
      expect(rig.counters.connectionsAdmitted).toBe(0);
      expect(rig.logged.filter((line) => line.startsWith('hello-rejected'))).toEqual([]);
    }
  });

  test('stops to wait for bytes that the client has not taken', async () => {
    const rig = new ConnectionRig();
    await rig.welcome();
    Object.assign(rig.socket.frames, { bufferedAmount: 10 });
    rig.say({ type: 'ping' });
    await rig.heard();
    expect(rig.environment.timers).toBe(2);
    rig.connection.gone();
    expect(rig.environment.timers).toBe(0);
  });

  test('by the client is counted as such', async () => {
    const rig = new ConnectionRig();
    rig.connection.gone();
    expect(rig.counters.closes.toRecord()).toEqual({ peer: 1 });
  });

  test('leaves messages and pings without an answer and without an effect', async () => {
    const rig = new ConnectionRig();
    await rig.welcome();
    rig.socket.onEnd = () => undefined;
    rig.connection.close({ code: 4100, meaning: 'too many frames' });
    await rig.environment.advance(120_000);
    rig.say({ type: 'ping' });
    rig.say('no frame');
    rig.connection.receiveControl();
    rig.connection.revoked();
    expect(await rig.heard()).toEqual([]);
    expect(rig.connection.silence).toBe(120_000);
    expect(rig.socket).toMatchObject({ closedWith: 4100, terminated: false });
    expect(rig.counters.closes.toRecord()).toEqual({ 4100: 1 });
    expect(rig.logged.filter((line) => line.startsWith('bad-frame'))).toEqual([]);
  });
});

describe('a drain', () => {
  test('tells a welcomed client, and sends one that is not welcomed yet elsewhere', async () => {
    const welcomed = new ConnectionRig();
    await welcomed.welcome();
    welcomed.connection.drain(4_000);
    expect(await welcomed.heard()).toEqual([{ type: 'drain', reconnectWithin: 4_000 }]);
    const greeting = new ConnectionRig();
    greeting.connection.drain(4_000);
    expect(greeting.socket.closedWith).toBe(4201);
  });

  test('lets an action finish and refuses new ones before it closes', async () => {
    const rig = new ConnectionRig();
    const gate = new Gate();
    rig.act = async ({ id }) => {
      await gate.opened;
      return { type: 'ack', id };
    };
    await rig.welcome();
    rig.say({ type: 'action', id: '1', name: 'parallel/a' });
    await rig.environment.settle();
    rig.connection.closeAfterActions({ code: 1012, meaning: 'restart' });
    rig.say({ type: 'action', id: '2', name: 'parallel/a' });
    expect(await rig.heard()).toMatchObject([{ type: 'error', code: 'unavailable', id: '2' }]);
    expect(rig.socket.closedWith).toBeUndefined();
    gate.open();
    expect(await rig.heard()).toMatchObject([{ type: 'ack', id: '1' }]);
    expect(rig.socket.closedWith).toBe(1012);
  });
});
