import { describe, expect, test } from '@jest/globals';

import { RealtimeError } from '../core/errors.js';
import { act, CLIENT_ID, ConnectionRig, Gate, subscribe } from '../../test/support/connection-rig.js';

/** Holds every action until `finish`, and records started ones. */
function heldActions(rig: ConnectionRig) {
  const started: string[] = [];
  const gates = new Map<string, Gate>();
  rig.act = async ({ id }) => {
    started.push(id);
    const gate = new Gate();
    gates.set(id, gate);
    await gate.opened;
    return { type: 'ack', id };
  };
  return { started, finish: (id: string) => gates.get(id)?.open() };
}

describe('InboundQueue: actions', () => {
  test('run one at a time and in order', async () => {
    const rig = await ConnectionRig.welcomed();
    const { started, finish } = heldActions(rig);
    rig.send(act('1'));
    rig.send(act('2'));
    await rig.environment.settle();
    expect(started).toEqual(['1']);
    finish('1');
    expect(await rig.received()).toEqual([{ type: 'ack', id: '1' }]);
    expect(started).toEqual(['1', '2']);
    finish('2');
    expect(await rig.received()).toEqual([{ type: 'ack', id: '2' }]);
  });

  test('are answered in order before the next frame is read, if their handlers return at once', async () => {
    const rig = await ConnectionRig.welcomed();
    await rig.received();
    const started: string[] = [];
    rig.act = ({ id }) => {
      started.push(id);
      return { type: 'ack', id };
    };
    for (const id of ['1', '2', '3']) {
      rig.send(act(id));
      expect(started.at(-1)).toBe(id);
    }
    expect((await rig.received()).map((frame) => 'id' in frame && frame.id)).toEqual(['1', '2', '3']);
    expect(rig.inFlight.none).toBe(true);
  });

  test('wait in any number behind a slow one, and then run although their handlers return at once', async () => {
    const frames = { waiting: 0, perSecond: 0 };
    const rig = await ConnectionRig.welcomed({ limits: { frames } });
    await rig.received();
    const gate = new Gate();
    rig.act = ({ id }) => {
      const answer = { type: 'ack', id } as const;
      return id === 'slow' ? gate.opened.then(() => answer) : answer;
    };
    rig.send(act('slow'));
    const ids = Array.from({ length: 20_000 }, (_, index) => `${index}`);
    for (const id of ids) rig.send(act(id));
    gate.open();
    expect((await rig.received()).map((frame) => 'id' in frame && frame.id)).toEqual(['slow', ...ids]);
  });

  test('run beside others if they are parallel', async () => {
    const rig = await ConnectionRig.welcomed();
    const { started, finish } = heldActions(rig);
    rig.send(act('1'));
    rig.send(act('2', 'parallel/b'));
    rig.send(act('3', 'parallel/b'));
    await rig.environment.settle();
    expect(started).toEqual(['1', '2', '3']);
    finish('3');
    expect(await rig.received()).toEqual([{ type: 'ack', id: '3' }]);
  });

  test('start before later frames', async () => {
    const rig = await ConnectionRig.welcomed();
    const { finish } = heldActions(rig);
    rig.send(act('1'));
    rig.send(act('2'));
    rig.send(subscribe('t'));
    expect(await rig.received()).toEqual([]);
    finish('1');
    expect((await rig.received()).map(({ type }) => type)).toEqual(['ack', 'subscribed']);
  });

  test('do not delay a later subscription after they start', async () => {
    const rig = await ConnectionRig.welcomed();
    heldActions(rig);
    rig.send(act('1'));
    rig.send(subscribe('t'));
    expect((await rig.received()).map(({ type }) => type)).toEqual(['subscribed']);
  });

  test('R20: run at most 64 at a time while at most 64 wait', async () => {
    const rig = await ConnectionRig.welcomed({ limits: { frames: { perSecond: 0 } } });
    const { started } = heldActions(rig);
    for (let id = 0; id < 200; id += 1) rig.send(act(String(id), 'parallel/b'));
    const frames = await rig.received();
    expect(started).toHaveLength(64);
    expect(frames).toHaveLength(200 - 64 - 64);
    expect(frames[0]).toMatchObject({ type: 'error', code: 'too_many_requests', id: '128', retryAfter: 1_000 });
  });

  test('share one limit of waiting frames with changes of topics', async () => {
    const rig = await ConnectionRig.welcomed({ limits: { frames: { waiting: 3 } } });
    const { finish } = heldActions(rig);
    const gate = new Gate();
    rig.topics.loading = () => gate.opened;
    const overflow = async (ref: string): Promise<unknown> => {
      rig.send(subscribe('t', ref));
      const frames = await rig.received();
      return frames.map((frame) => frame.type === 'error' && [frame.code, frame.ref]);
    };
    for (const id of ['1', '2', '3']) rig.send(act(id));
    rig.send(subscribe('t', 'first'));
    expect(await overflow('above')).toEqual([['too_many_requests', 'above']]);
    for (const id of ['1', '2']) {
      finish(id);
      await rig.received();
    }
    rig.send(subscribe('t', 'second'));
    rig.send(subscribe('t', 'third'));
    rig.send(subscribe('t', 'fourth'));
    expect(await overflow('above')).toEqual([['too_many_requests', 'above']]);
    gate.open();
    expect((await rig.received()).map((frame) => 'ref' in frame && frame.ref)).toEqual([
      ...['first', 'second', 'third', 'fourth'],
    ]);
    expect(await overflow('room again')).toEqual([false]);
  });

  test('wait in any number with waiting: 0', async () => {
    const rig = await ConnectionRig.welcomed({ limits: { frames: { waiting: 0, perSecond: 0 } } });
    const { finish } = heldActions(rig);
    for (let id = 0; id < 100; id += 1) rig.send(act(String(id)));
    expect(await rig.received()).toEqual([]);
    finish('0');
    expect(await rig.received()).toEqual([{ type: 'ack', id: '0' }]);
  });

  test('never start after the end of the connection', async () => {
    const rig = await ConnectionRig.welcomed();
    const { started, finish } = heldActions(rig);
    for (const id of ['1', '2']) rig.send(act(id));
    await rig.environment.settle();
    rig.connection.gone();
    finish('1');
    await rig.environment.settle();
    expect(started).toEqual(['1']);
  });

  test('get `internal` when the dispatcher throws, and the log has the connection id', async () => {
    const rig = await ConnectionRig.welcomed();
    rig.act = () => {
      throw new Error('secret');
    };
    rig.send(act('1'));
    const frames = await rig.received();
    expect(frames).toEqual([
      { type: 'error', code: 'internal', message: 'Something failed on the server.', temporary: true, id: '1' },
    ]);
    const lines = rig.logged.filter((line) => line.startsWith('request-failed'));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain(rig.connection.id);
  });

  test('may return positions only of topics that the connection follows', async () => {
    const rig = await ConnectionRig.welcomed();
    const follows: unknown[] = [];
    rig.act = async ({ id, follows: ask }) => {
      follows.push(await ask?.('mine'), await ask?.('theirs'));
      return { type: 'ack', id };
    };
    rig.send(subscribe('mine'));
    await rig.received();
    rig.send(act('1'));
    await rig.received();
    expect(follows).toEqual([true, false]);
  });

  test('keep running after the end of the connection and count as in flight', async () => {
    const rig = await ConnectionRig.welcomed();
    const { finish } = heldActions(rig);
    rig.send(act('1'));
    await rig.environment.settle();
    rig.connection.gone();
    let idle = false;
    void rig.inFlight.idle().then(() => (idle = true));
    await rig.environment.settle();
    expect(idle).toBe(false);
    finish('1');
    await rig.environment.settle();
    expect(idle).toBe(true);
  });
});

describe('InboundQueue: answers that the client has', () => {
  const hello = { type: 'hello', clientId: CLIENT_ID, token: 'ann' };

  test.each([
    { type: 'authenticate', token: 'ann' },
    { type: 'subscribe', topics: [{ topic: 't' }] },
    { type: 'unsubscribe', topics: ['t'] },
    { type: 'action', id: '2', name: 'go' },
    { type: 'ping' },
    { type: 'pong' },
  ])('are forgotten with a frame %j', async (frame) => {
    const rig = await ConnectionRig.welcomed({}, 'ann');
    rig.send({ ...frame, answered: ['1'] });
    await rig.received();
    expect(rig.forgotten).toEqual([{ answered: ['1'], user: 'ann' }]);
  });

  test('are forgotten once the server knows the user, with the frames from before', async () => {
    const rig = new ConnectionRig();
    const gate = new Gate();
    rig.admit = () => gate.opened;
    rig.send({ ...hello, answered: ['1'] });
    rig.send({ ...act('3'), answered: ['2'] });
    rig.send({ type: 'pong', answered: ['4'] });
    await rig.received();
    expect(rig.forgotten).toEqual([]);
    gate.open();
    await rig.received();
    expect(rig.forgotten).toEqual([
      { answered: ['1'], user: 'ann' },
      { answered: ['2'], user: 'ann' },
    ]);
  });

  test('stay if the server rejects the frame or the client', async () => {
    const rig = await ConnectionRig.welcomed({ limits: { frames: { perSecond: 1 } } }, 'ann');
    for (let n = 0; n < 5; n += 1) rig.send({ ...act(`${n}`), answered: ['1'] });
    await rig.received();
    expect(rig.forgotten.length).toBeLessThan(5);
    const stranger = new ConnectionRig();
    stranger.admit = () => Promise.reject(new RealtimeError('forbidden', 'No.'));
    stranger.send({ ...hello, answered: ['1'] });
    await stranger.received();
    expect(stranger.forgotten).toEqual([]);
  });

  test('are a bad frame above 128 ids, whatever their number', async () => {
    const rig = await ConnectionRig.welcomed({}, 'ann');
    rig.send({ type: 'pong', answered: Array.from({ length: 5_000 }, (_, n) => `${n}`) });
    expect(await rig.received()).toEqual([expect.objectContaining({ code: 'bad_request' })]);
    expect(rig.forgotten).toEqual([]);
  });
});
