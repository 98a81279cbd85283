import { describe, expect, test } from '@jest/globals';
import type { ServerFrame } from '@statewire/protocol';
import { VirtualEnvironment } from '@statewire/testing';

import { RealtimeError } from '../core/errors.js';
import type { RealtimeModuleOptions } from '../core/options.js';
import { resolveOptions } from '../core/resolve-options.js';
import { ConnectionRig, Gate } from '../../test/support/connection-rig.js';
import type { Phase } from './closing.js';
import { InboundQueue, type FrameRunner } from './inbound-queue.js';

async function welcomed(
  options?: ConstructorParameters<typeof ConnectionRig>[0],
  token?: string,
): Promise<ConnectionRig> {
  const rig = new ConnectionRig(options);
  await rig.welcome(token);
  return rig;
}

function subscribe(topic: string, ref?: string): object {
  return { type: 'subscribe', topics: [{ topic }], ...(ref === undefined ? {} : { ref }) };
}

function act(id: string, name = 'a'): object {
  return { type: 'action', id, name };
}

/** Holds every action until it is let go, and notes which have started. */
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

describe('actions', () => {
  test('run one at a time and in order', async () => {
    const rig = await welcomed();
    const { started, finish } = heldActions(rig);
    rig.say(act('1'));
    rig.say(act('2'));
    await rig.environment.settle();
    expect(started).toEqual(['1']);
    finish('1');
    expect(await rig.heard()).toEqual([{ type: 'ack', id: '1' }]);
    expect(started).toEqual(['1', '2']);
    finish('2');
    expect(await rig.heard()).toEqual([{ type: 'ack', id: '2' }]);
  });

  test('that are parallel run beside others', async () => {
    const rig = await welcomed();
    const { started, finish } = heldActions(rig);
    rig.say(act('1'));
    rig.say(act('2', 'parallel/b'));
    rig.say(act('3', 'parallel/b'));
    await rig.environment.settle();
    expect(started).toEqual(['1', '2', '3']);
    finish('3');
    expect(await rig.heard()).toEqual([{ type: 'ack', id: '3' }]);
  });

  test('start before what came after them', async () => {
    const rig = await welcomed();
    const { finish } = heldActions(rig);
    rig.say(act('1'));
    rig.say(act('2'));
    rig.say(subscribe('t'));
    expect(await rig.heard()).toEqual([]);
    finish('1');
    expect((await rig.heard()).map(({ type }) => type)).toEqual(['ack', 'subscribed']);
  });

  test('do not keep a later subscription waiting once they have started', async () => {
    const rig = await welcomed();
    heldActions(rig);
    rig.say(act('1'));
    rig.say(subscribe('t'));
    expect((await rig.heard()).map(({ type }) => type)).toEqual(['subscribed']);
  });

  test('R20: never run in greater number than may wait', async () => {
    const rig = await welcomed({ limits: { frames: { perSecond: 0 } } });
    const { started } = heldActions(rig);
    for (let id = 0; id < 200; id += 1) rig.say(act(String(id), 'parallel/b'));
    const frames = await rig.heard();
    expect(started).toHaveLength(64);
    expect(frames).toHaveLength(200 - 64 - 64);
    expect(frames[0]).toMatchObject({ type: 'error', code: 'too_many_requests', id: '128', retryAfter: 1_000 });
  });

  test('that wait take the room of changes that wait, and the other way round', async () => {
    const rig = await welcomed({ limits: { frames: { waiting: 3 } } });
    const { finish } = heldActions(rig);
    const gate = new Gate();
    rig.topics.loading = () => gate.opened;
    const overflow = async (ref: string): Promise<unknown> => {
      rig.say(subscribe('t', ref));
      const frames = await rig.heard();
      return frames.map((frame) => frame.type === 'error' && [frame.code, frame.ref]);
    };
    for (const id of ['1', '2', '3']) rig.say(act(id));
    rig.say(subscribe('t', 'first'));
    expect(await overflow('above')).toEqual([['too_many_requests', 'above']]);
    for (const id of ['1', '2']) {
      finish(id);
      await rig.heard();
    }
    rig.say(subscribe('t', 'second'));
    rig.say(subscribe('t', 'third'));
    rig.say(subscribe('t', 'fourth'));
    expect(await overflow('above')).toEqual([['too_many_requests', 'above']]);
    gate.open();
    expect((await rig.heard()).map((frame) => 'ref' in frame && frame.ref)).toEqual([
      ...['first', 'second', 'third', 'fourth'],
    ]);
    expect(await overflow('room again')).toEqual([false]);
  });

  test('may wait in any number where that has no limit', async () => {
    const rig = await welcomed({ limits: { frames: { waiting: 0, perSecond: 0 } } });
    const { finish } = heldActions(rig);
    for (let id = 0; id < 100; id += 1) rig.say(act(String(id)));
    expect(await rig.heard()).toEqual([]);
    finish('0');
    expect(await rig.heard()).toEqual([{ type: 'ack', id: '0' }]);
  });

  test('that wait when the connection ends never start', async () => {
    const rig = await welcomed();
    const { started, finish } = heldActions(rig);
    for (const id of ['1', '2']) rig.say(act(id));
    await rig.environment.settle();
    rig.connection.gone();
    finish('1');
    await rig.environment.settle();
    expect(started).toEqual(['1']);
  });

  test('are answered `internal` where the dispatcher itself fails, and the log says on which connection', async () => {
    const rig = await welcomed();
    rig.act = () => {
      throw new Error('secret');
    };
    rig.say(act('1'));
    const frames = await rig.heard();
    expect(frames).toEqual([
      { type: 'error', code: 'internal', message: 'Something failed on the server.', temporary: true, id: '1' },
    ]);
    const lines = rig.logged.filter((line) => line.startsWith('request-failed'));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain(rig.connection.id);
  });

  test('may be told only where topics stand that the connection follows', async () => {
    const rig = await welcomed();
    const follows: unknown[] = [];
    rig.act = async ({ id, follows: ask }) => {
      follows.push(await ask?.('mine'), await ask?.('theirs'));
      return { type: 'ack', id };
    };
    rig.say(subscribe('mine'));
    await rig.heard();
    rig.say(act('1'));
    await rig.heard();
    expect(follows).toEqual([true, false]);
  });

  test('go on when the connection is gone, and are counted until they end', async () => {
    const rig = await welcomed();
    const { finish } = heldActions(rig);
    rig.say(act('1'));
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

describe('subscriptions', () => {
  test('of different topics are settled side by side', async () => {
    const rig = await welcomed();
    const gate = new Gate();
    rig.topics.loading = (topic) => (topic === 'slow' ? gate.opened : Promise.resolve());
    rig.say({ type: 'subscribe', topics: [{ topic: 'slow' }, { topic: 'quick' }], ref: 'r' });
    expect(await rig.heard()).toMatchObject([{ type: 'subscribed', topic: 'quick', ref: 'r' }]);
    gate.open();
    expect(await rig.heard()).toMatchObject([{ type: 'subscribed', topic: 'slow', ref: 'r' }]);
  });

  test('of one topic are changed one after another', async () => {
    const rig = await welcomed();
    const gate = new Gate();
    rig.topics.loading = () => gate.opened;
    rig.say(subscribe('t', '1'));
    rig.say({ type: 'unsubscribe', topics: ['t'], ref: '2' });
    rig.say(subscribe('t', '3'));
    rig.say(subscribe('other', '4'));
    gate.open();
    const frames = (await rig.heard()) as Extract<ServerFrame, { ref?: string }>[];
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

  test('again replace the first, so that nothing comes twice', async () => {
    const rig = await welcomed();
    rig.say(subscribe('t', '1'));
    rig.say(subscribe('t', '2'));
    await rig.heard();
    rig.topics.tell('t', 'new');
    expect(await rig.heard()).toMatchObject([{ type: 'snapshot', data: 'new' }]);
  });

  test.each(['forbidden', 'unavailable'] as const)(
    'again that are refused as %s have ended the first',
    async (code) => {
      const rig = await welcomed();
      rig.say(subscribe('t', '1'));
      await rig.heard();
      rig.authorize = () => Promise.reject(new RealtimeError(code, 'No.'));
      rig.say(subscribe('t', '2'));
      expect(await rig.heard()).toMatchObject([{ type: 'error', code, topic: 't', ref: '2' }]);
      rig.topics.tell('t', 'more');
      expect(await rig.heard()).toEqual([]);
      expect(rig.connection.topics).toEqual([]);
    },
  );

  test('end with an answer, and nothing follows it', async () => {
    const rig = await welcomed();
    rig.say(subscribe('t'));
    await rig.heard();
    rig.say({ type: 'unsubscribe', topics: ['t'], ref: 'u' });
    expect(await rig.heard()).toEqual([{ type: 'unsubscribed', topic: 't', code: 'requested', ref: 'u' }]);
    rig.topics.tell('t', 'late');
    expect(await rig.heard()).toEqual([]);
    rig.say({ type: 'unsubscribe', topics: ['t'], ref: 'v' });
    expect(await rig.heard()).toMatchObject([{ type: 'error', code: 'not_subscribed', topic: 't', ref: 'v' }]);
  });

  test('are limited, each one above the limit is answered, and ended ones make room', async () => {
    const rig = await welcomed({ limits: { connections: { subscriptions: 2 } } });
    rig.say({ type: 'subscribe', topics: [{ topic: 'a' }, { topic: 'b' }] });
    rig.say(subscribe('c', 'r'));
    rig.say(subscribe('a', 'again'));
    const frames = await rig.heard();
    expect(frames).toContainEqual(expect.objectContaining({ code: 'too_many_subscriptions', topic: 'c', ref: 'r' }));
    expect(frames.filter(({ type }) => type === 'subscribed')).toHaveLength(3);
    rig.say({ type: 'unsubscribe', topics: ['a'] });
    rig.say(subscribe('c'));
    await rig.heard();
    rig.say(subscribe('c'));
    expect(await rig.heard()).toMatchObject([{ type: 'subscribed', topic: 'c' }]);
  });

  test('A9: more in one frame than may be followed are refused with one answer', async () => {
    const rig = await welcomed({ limits: { frames: { bytes: 0 } } });
    const topics = Array.from({ length: 100_000 }, (_, index) => ({ topic: `t${index}` }));
    rig.say({ type: 'subscribe', topics, ref: 'r' });
    expect(await rig.heard()).toMatchObject([{ type: 'error', code: 'too_many_subscriptions', ref: 'r' }]);
  });

  test.each(['unknown_topic', 'forbidden', 'unauthorized'] as const)('refused as %s are answered so', async (code) => {
    const rig = await welcomed();
    rig.authorize = () => Promise.reject(new RealtimeError(code, 'No.'));
    rig.say(subscribe('t', 'r'));
    expect(await rig.heard()).toEqual([
      { type: 'error', code, message: 'No.', temporary: false, topic: 't', ref: 'r' },
    ]);
    expect(rig.connection.topics).toEqual([]);
  });

  test('whose guards fail are answered `internal`, without a word of why', async () => {
    const rig = await welcomed();
    rig.authorize = () => Promise.reject(new Error('secret'));
    rig.say(subscribe('t', 'r'));
    const [frame] = await rig.heard();
    expect(frame).toMatchObject({ code: 'internal', topic: 't', ref: 'r' });
    expect(JSON.stringify(frame)).not.toContain('secret');
  });

  test('R20: whose guards never settle are answered with a timeout', async () => {
    const rig = await welcomed();
    rig.authorize = () => new Gate().opened;
    rig.say(subscribe('t', 'r'));
    await rig.environment.advance(10_100);
    expect(await rig.heard()).toMatchObject([{ type: 'error', code: 'timeout', topic: 't', ref: 'r' }]);
  });

  test('of a topic that is closed end with `closed`', async () => {
    const rig = await welcomed();
    rig.say(subscribe('t'));
    await rig.heard();
    await rig.topics.close('t');
    expect(await rig.heard()).toEqual([{ type: 'unsubscribed', topic: 't', code: 'closed' }]);
    expect(rig.connection.topics).toEqual([]);
  });

  test('end with the connection, also those that were still loading', async () => {
    const rig = await welcomed();
    const gate = new Gate();
    rig.say(subscribe('loaded'));
    await rig.heard();
    rig.topics.loading = () => gate.opened;
    rig.say(subscribe('loading'));
    await rig.environment.settle();
    rig.connection.gone();
    gate.open();
    await rig.environment.settle();
    expect(rig.topics.followed).toEqual([]);
  });
});

describe('authenticate', () => {
  test('waits for subscriptions under way, and holds back what comes after it', async () => {
    const rig = await welcomed({}, 'alice');
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
    rig.say(subscribe('t'));
    rig.say({ type: 'authenticate', token: 'new', ref: 'r' });
    rig.say(act('1'));
    expect(await rig.heard()).toEqual([]);
    loading.open();
    expect((await rig.heard()).map(({ type }) => type)).toEqual(['subscribed']);
    verifying.open();
    expect((await rig.heard()).map(({ type }) => type)).toEqual(['authenticated', 'ack']);
    expect(callers).toEqual(['renewed']);
  });

  test('asks the guards of every topic again, and takes lost ones away before it is answered', async () => {
    const rig = await welcomed({}, 'alice');
    rig.say({ type: 'subscribe', topics: [{ topic: 'kept' }, { topic: 'lost' }] });
    await rig.heard();
    const tokens: unknown[] = [];
    rig.authorize = async (topic, caller) => {
      tokens.push(caller.headers.authorization);
      if (topic === 'lost') throw new RealtimeError('forbidden', 'No longer.');
    };
    rig.say({ type: 'authenticate', token: 'alice', ref: 'r' });
    expect(await rig.heard()).toEqual([
      { type: 'unsubscribed', topic: 'lost', code: 'forbidden' },
      { type: 'authenticated', ref: 'r' },
    ]);
    expect(tokens).toEqual(['Bearer alice', 'Bearer alice']);
    rig.topics.tell('lost', 'secret');
    rig.topics.tell('kept', 'open');
    expect(await rig.heard()).toMatchObject([{ type: 'snapshot', topic: 'kept' }]);
  });

  test.each([
    ['forbidden', 'forbidden'],
    ['unauthorized', 'unauthorized'],
    ['unknown_topic', 'forbidden'],
  ] as const)('ends a topic that is now %s with `%s`', async (code, told) => {
    const rig = await welcomed({}, 'alice');
    rig.say(subscribe('t'));
    await rig.heard();
    rig.authorize = () => Promise.reject(new RealtimeError(code, 'No longer.'));
    rig.say({ type: 'authenticate', token: 'alice', ref: 'r' });
    expect(await rig.heard()).toEqual([
      { type: 'unsubscribed', topic: 't', code: told },
      { type: 'authenticated', ref: 'r' },
    ]);
  });

  test.each<[string, () => Promise<void>, string]>([
    ['fails', () => Promise.reject(new Error('secret')), 'internal'],
    ['is overloaded', () => Promise.reject(new RealtimeError('unavailable', 'Later.')), 'unavailable'],
    ['never settles', () => new Gate().opened, 'timeout'],
  ])('changes nothing where the guard of a topic %s', async (_, guard, code) => {
    const rig = await welcomed({}, 'alice');
    rig.say({ type: 'subscribe', topics: [{ topic: 'lost' }, { topic: 'unsure' }] });
    await rig.heard();
    const admittedWith = new Set<unknown>();
    rig.act = async ({ id }, { headers }) => {
      admittedWith.add(headers.authorization);
      return { type: 'ack', id };
    };
    rig.identify = async () => ({ id: 'alice', user: 'renewed' });
    rig.authorize = (topic) =>
      topic === 'lost' ? Promise.reject(new RealtimeError('forbidden', 'No longer.')) : guard();
    rig.say({ type: 'authenticate', token: 'new', ref: 'r' });
    rig.say(act('1'));
    await rig.environment.advance(10_100);
    expect(await rig.heard()).toMatchObject([
      { type: 'error', code, temporary: true, ref: 'r' },
      { type: 'ack', id: '1' },
    ]);
    expect(admittedWith).toEqual(new Set(['Bearer alice']));
    rig.topics.tell('lost', 'still');
    rig.topics.tell('unsure', 'still');
    expect(await rig.heard()).toHaveLength(2);
  });

  test('asks the connection guards again', async () => {
    const rig = await welcomed({}, 'alice');
    rig.admit = () => Promise.reject(new RealtimeError('forbidden', 'Banned.'));
    rig.say({ type: 'authenticate', token: 'alice', ref: 'r' });
    expect(await rig.heard()).toMatchObject([{ type: 'error', code: 'forbidden', ref: 'r' }]);
  });
});

/** A queue of its own. `running` names the frames that have started, and `finish` ends an action. */
function queueOf(limits: RealtimeModuleOptions['limits'] = {}, phase: Phase = 'open') {
  const environment = new VirtualEnvironment();
  const running: string[] = [];
  const errors: string[] = [];
  const reads: string[] = [];
  const gates = new Map<string, Gate>();
  const state = { phase, shared: undefined as RealtimeError | undefined };
  const runner: FrameRunner = {
    get phase() {
      return state.phase;
    },
    isParallel: (name) => name.startsWith('parallel/'),
    admit: () => Promise.resolve(),
    authenticate: () => Promise.resolve(),
    act: ({ id }) => {
      running.push(id);
      const gate = new Gate();
      gates.set(id, gate);
      return gate.opened;
    },
    answerPing: () => undefined,
    changeTopics: ({ type }) => void running.push(type),
    send: ({ code }) => void errors.push(code),
    close: () => undefined,
    reportBadFrame: () => undefined,
    settled: () => undefined,
  };
  const queue = new InboundQueue({
    runner,
    topics: { has: () => false, settled: true, waiting: 0 },
    socket: { pause: () => void reads.push('pause'), resume: () => void reads.push('resume') },
    limits: resolveOptions({ limits }, environment).limits,
    clock: environment,
    rejectShared: () => state.shared,
  });
  const say = (frame: object): void => queue.receive(Buffer.from(JSON.stringify(frame)), false);
  const finish = async (id: string): Promise<void> => {
    gates.get(id)?.open();
    await environment.settle();
  };
  return { errors, finish, queue, reads, running, say, state };
}

describe('a queue', () => {
  const size = JSON.stringify(act('1')).length;

  test('stops reading at the limit of held frames, and reads again when none is held', () => {
    const { queue, reads, running, say, state } = queueOf({ frames: { pipelined: 2, pipelinedBytes: 0 } }, 'admitting');
    say(subscribe('a'));
    expect(reads).toEqual([]);
    say(subscribe('b'));
    say(subscribe('c'));
    queue.advance();
    expect([reads, running, queue.isPaused]).toEqual([['pause'], [], true]);
    state.phase = 'open';
    queue.advance();
    expect([reads, running.length, queue.isPaused]).toEqual([['pause', 'resume'], 3, false]);
  });

  test('counts the bytes of held frames, and no longer those that it has started or dropped', () => {
    const { queue, reads, say, state } = queueOf({ frames: { pipelined: 0, pipelinedBytes: size + 1 } }, 'admitting');
    for (const end of [() => queue.advance(), () => queue.clear()]) {
      state.phase = 'admitting';
      say(act('1'));
      expect(reads).toEqual([]);
      state.phase = 'open';
      end();
    }
    state.phase = 'admitting';
    say(act('2'));
    expect(reads).toEqual([]);
    say(act('3'));
    expect(reads).toEqual(['pause']);
  });

  test.each([
    ['frames', { pipelined: 1, pipelinedBytes: 0 }, ['pause']],
    ['bytes', { pipelined: 0, pipelinedBytes: size }, ['pause']],
    ['neither', { pipelined: 0, pipelinedBytes: 0 }, []],
  ])('limits what it holds by %s', (_, frames, expected) => {
    const { reads, say } = queueOf({ frames }, 'admitting');
    say(act('1'));
    expect(reads).toEqual(expected);
  });

  test('keeps frames behind held ones, and does not read while one is held', async () => {
    const { finish, queue, reads, running, say, state } = queueOf(
      { frames: { waiting: 1, pipelined: 3 } },
      'admitting',
    );
    for (const id of ['1', '2', '3']) say(act(id));
    state.phase = 'open';
    queue.advance();
    expect([running, reads]).toEqual([['1'], ['pause']]);
    say(act('4'));
    for (const id of ['1', '2', '3']) await finish(id);
    expect([running, reads]).toEqual([
      ['1', '2', '3', '4'],
      ['pause', 'resume'],
    ]);
  });

  test('drops held and waiting frames when it is cleared', async () => {
    const { finish, queue, running, say, state } = queueOf({}, 'admitting');
    for (const id of ['1', '2']) say(act(id));
    queue.clear();
    state.phase = 'open';
    queue.advance();
    expect(running).toEqual([]);
    for (const id of ['3', '4']) say(act(id));
    queue.clear();
    await finish('3');
    expect(running).toEqual(['3']);
  });

  test('runs a serial action beside parallel ones, and no second serial one', async () => {
    const { finish, running, say } = queueOf();
    say(act('1', 'parallel/a'));
    say(act('2'));
    say(act('3', 'parallel/a'));
    say(act('4'));
    expect(running).toEqual(['1', '2', '3']);
    await finish('1');
    await finish('3');
    expect(running).toEqual(['1', '2', '3']);
    await finish('2');
    expect(running).toEqual(['1', '2', '3', '4']);
  });

  test('runs as many parallel actions as may wait', () => {
    const { running, say } = queueOf({ frames: { waiting: 1 } });
    for (const id of ['1', '2']) say(act(id, 'parallel/a'));
    expect(running).toEqual(['1']);
  });

  test.each([
    [1, 2, ['too_many_subscriptions'], []],
    [1, 1, [], ['subscribe']],
    [0, 2, [], ['subscribe']],
  ])(
    'with a limit of %p subscriptions takes a frame of %p topics or rejects it',
    (subscriptions, count, codes, ran) => {
      const { errors, running, say } = queueOf({ connections: { subscriptions } });
      say({ type: 'subscribe', topics: Array.from({ length: count }, (_, index) => ({ topic: `t${index}` })) });
      expect([errors, running]).toEqual([codes, ran]);
    },
  );

  test('goes on after a pong', () => {
    const { running, say } = queueOf();
    say({ type: 'pong' });
    say(act('1'));
    expect(running).toEqual(['1']);
  });

  test.each([
    [{ type: 'pong' }, 0],
    [{ type: 'ping' }, 1],
    [{ type: 'authenticate', token: 't' }, 1],
    [{ type: 'unsubscribe', topics: ['a', 'b'] }, 2],
  ])('above the shared limit answers %j as often as the client waits for', (frame, count) => {
    const { errors, say, state } = queueOf();
    state.shared = new RealtimeError('too_many_requests', 'Wait.');
    say(frame);
    expect(errors).toEqual(Array.from({ length: count }, () => 'too_many_requests'));
  });

  test('throws an error that is no fault of the frame', () => {
    const { queue } = queueOf();
    const message = Object.assign(Buffer.from('{}'), {
      toString: () => {
        throw new RangeError('too long');
      },
    });
    expect(() => queue.receive(message, false)).toThrow(RangeError);
  });
});
