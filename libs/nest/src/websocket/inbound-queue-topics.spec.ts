import { describe, expect, test } from '@jest/globals';
import type { ServerFrame } from '@statewire/protocol';

import { RealtimeError } from '../core/errors.js';
import { act, ConnectionRig, Gate, subscribe } from '../../test/support/connection-rig.js';

describe('InboundQueue: subscriptions', () => {
  test('of different topics load at the same time', async () => {
    const rig = await ConnectionRig.welcomed();
    const gate = new Gate();
    rig.topics.loading = (topic) => (topic === 'slow' ? gate.opened : Promise.resolve());
    rig.send({ type: 'subscribe', topics: [{ topic: 'slow' }, { topic: 'quick' }], ref: 'r' });
    expect(await rig.received()).toMatchObject([{ type: 'subscribed', topic: 'quick', ref: 'r' }]);
    gate.open();
    expect(await rig.received()).toMatchObject([{ type: 'subscribed', topic: 'slow', ref: 'r' }]);
  });

  test('of one topic change one after another', async () => {
    const rig = await ConnectionRig.welcomed();
    const gate = new Gate();
    rig.topics.loading = () => gate.opened;
    rig.send(subscribe('t', '1'));
    rig.send({ type: 'unsubscribe', topics: ['t'], ref: '2' });
    rig.send(subscribe('t', '3'));
    rig.send(subscribe('other', '4'));
    gate.open();
    const frames = (await rig.received()) as Extract<ServerFrame, { ref?: string }>[];
    expect(frames.map(({ type, ref }) => [type, ref])).toEqual(expect.arrayContaining([['subscribed', '4']]));
    expect(
      frames.filter((frame) => 'topic' in frame && frame.topic === 't').map(({ type, ref }) => [type, ref]),
    ).toEqual([
      ['subscribed', '1'],
      ['unsubscribed', '2'],
      ['subscribed', '3'],
    ]);
    expect(rig.connection.topics).toEqual(['t', 'other']);
  });

  test('replace an earlier subscription of the same topic, so each value arrives once', async () => {
    const rig = await ConnectionRig.welcomed();
    rig.send(subscribe('t', '1'));
    rig.send(subscribe('t', '2'));
    await rig.received();
    rig.topics.sendSnapshot('t', 'new');
    expect(await rig.received()).toMatchObject([{ type: 'snapshot', data: 'new' }]);
  });

  test.each(['forbidden', 'unavailable'] as const)(
    'end the earlier subscription when a repeated one gets %s',
    async (code) => {
      const rig = await ConnectionRig.welcomed();
      rig.send(subscribe('t', '1'));
      await rig.received();
      rig.authorize = () => Promise.reject(new RealtimeError(code, 'No.'));
      rig.send(subscribe('t', '2'));
      expect(await rig.received()).toMatchObject([{ type: 'error', code, topic: 't', ref: '2' }]);
      rig.topics.sendSnapshot('t', 'more');
      expect(await rig.received()).toEqual([]);
      expect(rig.connection.topics).toEqual([]);
    },
  );

  test('end with an answer and deliver no value after it', async () => {
    const rig = await ConnectionRig.welcomed();
    rig.send(subscribe('t'));
    await rig.received();
    rig.send({ type: 'unsubscribe', topics: ['t'], ref: 'u' });
    expect(await rig.received()).toEqual([{ type: 'unsubscribed', topic: 't', code: 'requested', ref: 'u' }]);
    rig.topics.sendSnapshot('t', 'late');
    expect(await rig.received()).toEqual([]);
    rig.send({ type: 'unsubscribe', topics: ['t'], ref: 'v' });
    expect(await rig.received()).toMatchObject([{ type: 'error', code: 'not_subscribed', topic: 't', ref: 'v' }]);
  });

  test('get an error above the limit, and an unsubscribe makes room', async () => {
    const rig = await ConnectionRig.welcomed({ limits: { connections: { subscriptions: 2 } } });
    rig.send({ type: 'subscribe', topics: [{ topic: 'a' }, { topic: 'b' }] });
    rig.send(subscribe('c', 'r'));
    rig.send(subscribe('a', 'again'));
    const frames = await rig.received();
    expect(frames).toContainEqual(expect.objectContaining({ code: 'too_many_subscriptions', topic: 'c', ref: 'r' }));
    expect(frames.filter(({ type }) => type === 'subscribed')).toHaveLength(3);
    rig.send({ type: 'unsubscribe', topics: ['a'] });
    rig.send(subscribe('c'));
    await rig.received();
    rig.send(subscribe('c'));
    expect(await rig.received()).toMatchObject([{ type: 'subscribed', topic: 'c' }]);
  });

  test('of one frame beyond the limit get an error each, and the others are followed', async () => {
    const rig = await ConnectionRig.welcomed({ limits: { connections: { subscriptions: 2 } } });
    rig.send({ type: 'subscribe', topics: ['a', 'b', 'c'].map((topic) => ({ topic })), ref: 'r' });
    const frames = await rig.received();
    expect(frames.filter(({ type }) => type === 'subscribed')).toMatchObject([{ topic: 'a' }, { topic: 'b' }]);
    expect(frames.filter(({ type }) => type === 'error')).toMatchObject([
      { code: 'too_many_subscriptions', topic: 'c', ref: 'r' },
    ]);
  });

  test('A9: get one error for a frame with more topics than the limit', async () => {
    const rig = await ConnectionRig.welcomed({ limits: { frames: { bytes: 0 } } });
    const topics = Array.from({ length: 100_000 }, (_, index) => ({ topic: `t${index}` }));
    rig.send({ type: 'subscribe', topics, ref: 'r' });
    expect(await rig.received()).toMatchObject([{ type: 'error', code: 'too_many_subscriptions', ref: 'r' }]);
  });

  test.each(['unknown_topic', 'forbidden', 'unauthorized'] as const)('get the code %s of their guard', async (code) => {
    const rig = await ConnectionRig.welcomed();
    rig.authorize = () => Promise.reject(new RealtimeError(code, 'No.'));
    rig.send(subscribe('t', 'r'));
    expect(await rig.received()).toEqual([
      { type: 'error', code, message: 'No.', temporary: false, topic: 't', ref: 'r' },
    ]);
    expect(rig.connection.topics).toEqual([]);
  });

  test('get `internal` without the cause when a guard throws', async () => {
    const rig = await ConnectionRig.welcomed();
    rig.authorize = () => Promise.reject(new Error('secret'));
    rig.send(subscribe('t', 'r'));
    const [frame] = await rig.received();
    expect(frame).toMatchObject({ code: 'internal', topic: 't', ref: 'r' });
    expect(JSON.stringify(frame)).not.toContain('secret');
  });

  test('R20: get a timeout error when a guard never settles', async () => {
    const rig = await ConnectionRig.welcomed();
    rig.authorize = () => new Gate().opened;
    rig.send(subscribe('t', 'r'));
    await rig.environment.advance(10_100);
    expect(await rig.received()).toMatchObject([{ type: 'error', code: 'timeout', topic: 't', ref: 'r' }]);
  });

  test('end with `closed` when the topic closes', async () => {
    const rig = await ConnectionRig.welcomed();
    rig.send(subscribe('t'));
    await rig.received();
    await rig.topics.close('t');
    expect(await rig.received()).toEqual([{ type: 'unsubscribed', topic: 't', code: 'closed' }]);
    expect(rig.connection.topics).toEqual([]);
  });

  test('end with the connection, even while they load', async () => {
    const rig = await ConnectionRig.welcomed();
    const gate = new Gate();
    rig.send(subscribe('loaded'));
    await rig.received();
    rig.topics.loading = () => gate.opened;
    rig.send(subscribe('loading'));
    await rig.environment.settle();
    rig.connection.gone();
    gate.open();
    await rig.environment.settle();
    expect(rig.topics.followed).toEqual([]);
  });
});

describe('InboundQueue: authenticate', () => {
  test('waits for running subscriptions and delays later frames', async () => {
    const rig = await ConnectionRig.welcomed({}, 'alice');
    const loading = new Gate();
    const verifying = new Gate();
    const callers: unknown[] = [];
    rig.topics.loading = () => loading.opened;
    rig.identify = async () => {
      await verifying.opened;
      return { id: 'alice', user: 'renewed' };
    };
    rig.act = async ({ id }, { identity }) => {
      callers.push(identity?.user);
      return { type: 'ack', id };
    };
    rig.send(subscribe('t'));
    rig.send({ type: 'authenticate', token: 'new', ref: 'r' });
    rig.send(act('1'));
    expect(await rig.received()).toEqual([]);
    loading.open();
    expect((await rig.received()).map(({ type }) => type)).toEqual(['subscribed']);
    verifying.open();
    expect((await rig.received()).map(({ type }) => type)).toEqual(['authenticated', 'ack']);
    expect(callers).toEqual(['renewed']);
  });

  test('runs the guards of every topic again and ends rejected topics before its answer', async () => {
    const rig = await ConnectionRig.welcomed({}, 'alice');
    rig.send({ type: 'subscribe', topics: [{ topic: 'kept' }, { topic: 'lost' }] });
    await rig.received();
    const tokens: unknown[] = [];
    rig.authorize = async (topic, caller) => {
      tokens.push(caller.headers.authorization);
      if (topic === 'lost') throw new RealtimeError('forbidden', 'No longer.');
    };
    rig.send({ type: 'authenticate', token: 'alice', ref: 'r' });
    expect(await rig.received()).toEqual([
      { type: 'unsubscribed', topic: 'lost', code: 'forbidden' },
      { type: 'authenticated', ref: 'r' },
    ]);
    expect(tokens).toEqual(['Bearer alice', 'Bearer alice']);
    rig.topics.sendSnapshot('lost', 'secret');
    rig.topics.sendSnapshot('kept', 'open');
    expect(await rig.received()).toMatchObject([{ type: 'snapshot', topic: 'kept' }]);
  });

  test.each([
    ['forbidden', 'forbidden'],
    ['unauthorized', 'unauthorized'],
    ['unknown_topic', 'forbidden'],
  ] as const)('maps %s from a guard to `%s` when it ends a topic', async (code, told) => {
    const rig = await ConnectionRig.welcomed({}, 'alice');
    rig.send(subscribe('t'));
    await rig.received();
    rig.authorize = () => Promise.reject(new RealtimeError(code, 'No longer.'));
    rig.send({ type: 'authenticate', token: 'alice', ref: 'r' });
    expect(await rig.received()).toEqual([
      { type: 'unsubscribed', topic: 't', code: told },
      { type: 'authenticated', ref: 'r' },
    ]);
  });

  test.each<[string, () => Promise<void>, string]>([
    ['fails', () => Promise.reject(new Error('secret')), 'internal'],
    ['is overloaded', () => Promise.reject(new RealtimeError('unavailable', 'Later.')), 'unavailable'],
    ['never settles', () => new Gate().opened, 'timeout'],
  ])('changes nothing when the guard of a topic %s', async (_, guard, code) => {
    const rig = await ConnectionRig.welcomed({}, 'alice');
    rig.send({ type: 'subscribe', topics: [{ topic: 'lost' }, { topic: 'unsure' }] });
    await rig.received();
    const admittedWith = new Set<unknown>();
    rig.act = async ({ id }, { headers }) => {
      admittedWith.add(headers.authorization);
      return { type: 'ack', id };
    };
    rig.identify = async () => ({ id: 'alice', user: 'renewed' });
    rig.authorize = (topic) =>
      topic === 'lost' ? Promise.reject(new RealtimeError('forbidden', 'No longer.')) : guard();
    rig.send({ type: 'authenticate', token: 'new', ref: 'r' });
    rig.send(act('1'));
    await rig.environment.advance(10_100);
    expect(await rig.received()).toMatchObject([
      { type: 'error', code, temporary: true, ref: 'r' },
      { type: 'ack', id: '1' },
    ]);
    expect(admittedWith).toEqual(new Set(['Bearer alice']));
    rig.topics.sendSnapshot('lost', 'still');
    rig.topics.sendSnapshot('unsure', 'still');
    expect(await rig.received()).toHaveLength(2);
  });

  test('runs the connection guards again', async () => {
    const rig = await ConnectionRig.welcomed({}, 'alice');
    rig.admit = () => Promise.reject(new RealtimeError('forbidden', 'Banned.'));
    rig.send({ type: 'authenticate', token: 'alice', ref: 'r' });
    expect(await rig.received()).toMatchObject([{ type: 'error', code: 'forbidden', ref: 'r' }]);
  });
});
