import { describe, expect, test } from '@jest/globals';

import { CLIENT_ID, ConnectionRig, Gate } from '../../test/support/connection-rig.js';
import { FakeConnectionSocket } from '../../test/support/fake-connection-socket.js';

const HELLO = { type: 'hello', clientId: CLIENT_ID };

describe('Connection: malformed frames', () => {
  test.each<[string, string | object, object]>([
    ['invalid JSON', '{', { code: 'bad_request' }],
    ['JSON that is not an object', '[]', { code: 'bad_request' }],
    ['an unknown type', { type: 'shout', ref: 'r' }, { code: 'bad_request', ref: 'r' }],
    [
      'a negative offset',
      { type: 'subscribe', topics: [{ topic: 'a', since: { epoch: 'e', offset: -1 } }] },
      { code: 'bad_request' },
    ],
    [
      'an offset above the safe integers',
      { type: 'subscribe', topics: [{ topic: 'a', since: { epoch: 'e', offset: 2 ** 53 } }] },
      { code: 'bad_request' },
    ],
    [
      'an offset that is not a number',
      '{"type":"subscribe","topics":[{"topic":"a","since":{"epoch":"e","offset":NaN}}]}',
      { code: 'bad_request' },
    ],
    [
      'an invalid topic name',
      { type: 'subscribe', topics: [{ topic: '../etc' }], ref: 'r' },
      { code: 'bad_request', ref: 'r' },
    ],
    ['JSON nested too deep', '['.repeat(100_000), { code: 'too_large' }],
    ['an action without a name', { type: 'action', id: '9' }, { code: 'bad_request', id: '9' }],
    ['an empty token', { type: 'authenticate', token: '', ref: 'r' }, { code: 'bad_request', ref: 'r' }],
  ])('A9: get an error: %s', async (_, frame, error) => {
    const rig = new ConnectionRig();
    await rig.welcome();
    rig.send(frame);
    expect(await rig.received()).toEqual([expect.objectContaining({ type: 'error', temporary: false, ...error })]);
    expect(rig.socket.closedWith).toBeUndefined();
  });

  test('include binary messages', async () => {
    const rig = new ConnectionRig();
    rig.connection.receive(Buffer.from(JSON.stringify(HELLO)), true);
    expect(await rig.received()).toMatchObject([{ type: 'error', code: 'bad_request' }]);
  });

  test('close the connection with 4000 when ten arrive within 10 s', async () => {
    const rig = new ConnectionRig();
    await rig.welcome();
    for (let count = 0; count < 9; count += 1) rig.send('?');
    expect(rig.socket.closedWith).toBeUndefined();
    rig.send('?');
    expect(rig.socket.closedWith).toBe(4000);
    expect(await rig.received()).toHaveLength(10);
  });

  test('count towards the limit for 10 s only', async () => {
    const rig = new ConnectionRig();
    await rig.welcome();
    for (let count = 0; count < 9; count += 1) rig.send('?');
    await rig.environment.advance(10_100);
    for (let count = 0; count < 9; count += 1) rig.send('?');
    expect(rig.socket.closedWith).toBeUndefined();
  });

  test('A22: write one log line per second', async () => {
    const rig = new ConnectionRig({ limits: { frames: { malformed: 0 } } });
    await rig.welcome();
    for (let count = 0; count < 1_000; count += 1) rig.send('?');
    await rig.environment.advance(1_000);
    rig.send('?');
    const lines = rig.logged.filter((line) => line.startsWith('bad-frame'));
    expect(lines).toHaveLength(2);
    expect(lines[1]).toContain('alike=999');
  });
});

describe('Connection: frame rate of one connection', () => {
  test('allows a burst of 40 frames, rejects more, and refills with time', async () => {
    const rig = new ConnectionRig();
    await rig.welcome();
    for (let id = 0; id < 42; id += 1) rig.send({ type: 'action', id: String(id), name: 'a' });
    const frames = await rig.received();
    expect(frames.filter(({ type }) => type === 'ack')).toHaveLength(40);
    expect(frames.filter(({ type }) => type === 'error')).toEqual([
      expect.objectContaining({ code: 'too_many_requests', id: '40', temporary: true, retryAfter: 50 }),
      expect.objectContaining({ code: 'too_many_requests', id: '41' }),
    ]);
    await rig.environment.advance(1_000);
    for (let id = 100; id < 121; id += 1) rig.send({ type: 'action', id: String(id), name: 'a' });
    expect((await rig.received()).filter(({ type }) => type === 'ack')).toHaveLength(20);
  });

  test('closes with 4100 after 100 rejections in 10 s', async () => {
    const rig = new ConnectionRig();
    await rig.welcome();
    for (let count = 0; count < 139; count += 1) rig.send({ type: 'ping' });
    expect(rig.socket.closedWith).toBeUndefined();
    rig.send({ type: 'ping' });
    expect(rig.socket.closedWith).toBe(4100);
  });

  test('counts the ping messages of the WebSocket protocol', async () => {
    const rig = new ConnectionRig();
    await rig.welcome();
    for (let count = 0; count < 140; count += 1) rig.connection.receiveControl();
    expect(rig.socket.closedWith).toBe(4100);
  });

  test('rejects each topic of a frame', async () => {
    const rig = new ConnectionRig({ limits: { frames: { perSecond: 1 } } });
    await rig.welcome();
    rig.send({ type: 'ping' });
    rig.send({ type: 'ping' });
    rig.send({ type: 'subscribe', topics: [{ topic: 'a' }, { topic: 'b' }], ref: 's' });
    rig.send({ type: 'unsubscribe', topics: ['c'], ref: 'u' });
    expect((await rig.received()).slice(2)).toMatchObject([
      { code: 'too_many_requests', topic: 'a', ref: 's' },
      { code: 'too_many_requests', topic: 'b', ref: 's' },
      { code: 'too_many_requests', topic: 'c', ref: 'u' },
    ]);
  });

  test('has no limit with perSecond: 0', async () => {
    const rig = new ConnectionRig({ limits: { frames: { perSecond: 0 } } });
    await rig.welcome();
    for (let count = 0; count < 1_000; count += 1) rig.send({ type: 'ping' });
    expect(await rig.received()).toHaveLength(1_000);
  });
});

describe('A16: frame rate of all connections of a user or an address', () => {
  /** Opens another connection from the same address. */
  function open(rig: ConnectionRig) {
    const socket = new FakeConnectionSocket();
    const connection = rig.hub.open(socket, rig.upgradeContext());
    const say = (frame: object): void => connection.receive(Buffer.from(JSON.stringify(frame)), false);
    return { say, heard: () => rig.environment.settle().then(() => socket.written.splice(0)) };
  }

  test.each([
    ['user', 'alice', { frames: { perSecondPerUser: 30 } }],
    ['address', 'bob', { frames: { perSecondPerAddress: 30 } }],
  ])('counts the frames of two connections of one %s together', async (_, second, limits) => {
    const rig = new ConnectionRig({ limits });
    await rig.welcome('alice');
    const other = open(rig);
    other.say({ ...HELLO, token: second });
    await other.heard();
    for (let id = 0; id < 40; id += 1) {
      rig.send({ type: 'ping', time: id });
      other.say({ type: 'ping', time: id });
    }
    const told = [...(await rig.received()), ...(await other.heard())];
    expect(told.filter(({ type }) => type === 'pong')).toHaveLength(60);
    expect(told.filter((frame) => frame.type === 'error' && frame.code === 'too_many_requests')).toHaveLength(20);
  });

  test('counts frames sent before the answer to hello', async () => {
    const rig = new ConnectionRig({ limits: { frames: { perSecondPerAddress: 10 } } });
    await rig.welcome('alice');
    for (let id = 0; id < 20; id += 1) rig.send({ type: 'pong' });
    const other = open(rig);
    other.say(HELLO);
    other.say({ type: 'action', id: '1', name: 'a' });
    expect(await other.heard()).toMatchObject([
      { type: 'error', code: 'too_many_requests', id: '1' },
      { type: 'welcome' },
    ]);
  });
});

describe('Connection: actions above a limit', () => {
  const action = (id: number) => ({ type: 'action', id: String(id), name: 'parallel/a' });
  const rejection = {
    ...{ type: 'error', code: 'too_many_requests', temporary: true },
    ...{ id: expect.any(String), retryAfter: expect.any(Number) },
  };

  test.each([
    ['the frame rate of a connection', 40, {}],
    ['the frame rate of a user', 20, { frames: { perSecondPerUser: 10 } }],
    ['the frame rate of an address', 20, { frames: { perSecondPerAddress: 10 } }],
    ['the number of waiting actions', 4, { frames: { waiting: 2 } }],
  ])('get a temporary error with retryAfter: %s', async (_, passed, limits) => {
    const rig = new ConnectionRig({ limits });
    await rig.welcome('alice');
    const gate = new Gate();
    rig.act = ({ id }) => gate.opened.then(() => ({ type: 'ack', id }));
    for (let id = 0; id < 50; id += 1) rig.send(action(id));
    const rejected = await rig.received();
    expect(rejected).toHaveLength(50 - passed);
    for (const frame of rejected) expect(frame).toEqual(expect.objectContaining(rejection));
    expect((rejected[0] as { retryAfter: number }).retryAfter).toBeGreaterThan(0);
  });
});

describe('Connection: rate of new topics', () => {
  const LIMIT = 128;
  const requests = (page: number) => Array.from({ length: LIMIT }, (_, index) => ({ topic: `page-${page}/${index}` }));
  const follow = (rig: ConnectionRig, page: number): void => rig.send({ type: 'subscribe', topics: requests(page) });
  const leave = (rig: ConnectionRig, page: number): void =>
    rig.send({ type: 'unsubscribe', topics: requests(page).map(({ topic }) => topic) });
  const subscribed = async (rig: ConnectionRig): Promise<number> =>
    (await rig.received()).filter(({ type }) => type === 'subscribed').length;

  test('allows all topics of a client after a reconnect, and repeated subscriptions up to the frame rate', async () => {
    const rig = new ConnectionRig();
    rig.send({ type: 'hello', clientId: CLIENT_ID });
    follow(rig, 1);
    expect(await subscribed(rig)).toBe(LIMIT);
    for (let count = 0; count < 40; count += 1) {
      follow(rig, 1);
      expect(await subscribed(rig)).toBe(LIMIT);
    }
  });

  test('rejects new topics above twice the subscription limit, and refills with time', async () => {
    const rig = new ConnectionRig();
    await rig.welcome();
    for (const page of [1, 2]) {
      follow(rig, page);
      expect(await subscribed(rig)).toBe(LIMIT);
      leave(rig, page);
      await rig.received();
    }
    follow(rig, 3);
    expect(await rig.received()).toContainEqual(
      expect.objectContaining({ code: 'too_many_requests', topic: 'page-3/0', temporary: true, retryAfter: 1_000 }),
    );
    await rig.environment.advance(1_000);
    follow(rig, 3);
    expect(await subscribed(rig)).toBe(LIMIT);
  });

  test('counts topics requested before the answer to hello', async () => {
    const rig = new ConnectionRig();
    rig.send({ type: 'hello', clientId: CLIENT_ID });
    for (const page of [1, 2, 3]) follow(rig, page);
    expect(await rig.received()).toContainEqual(
      expect.objectContaining({ code: 'too_many_requests', topic: 'page-3/0' }),
    );
  });

  test('has no limit when frames have none', async () => {
    const rig = new ConnectionRig({ limits: { frames: { perSecond: 0 } } });
    await rig.welcome();
    for (const page of [1, 2, 3]) {
      follow(rig, page);
      expect(await subscribed(rig)).toBe(LIMIT);
      leave(rig, page);
      await rig.received();
    }
  });
});
