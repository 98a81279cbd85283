import { describe, expect, test } from '@jest/globals';
import { VirtualEnvironment } from '@statewire/testing';

import { RealtimeError } from '../core/errors.js';
import type { RealtimeModuleOptions } from '../core/options.js';
import { resolveOptions } from '../core/resolve-options.js';
import { act, Gate, subscribe } from '../../test/support/connection-rig.js';
import type { Phase } from './closing.js';
import { InboundQueue, type FrameRunner } from './inbound-queue.js';

/** A queue without a connection. `running` lists the started frames, and `finish` ends an action. */
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
    forget: (answered) => void running.push(`forget ${answered.join()}`),
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

describe('InboundQueue: held frames and limits', () => {
  const size = JSON.stringify(act('1')).length;

  test('pauses the socket at the limit of held frames and resumes it when none is held', () => {
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

  test('counts the bytes of held frames and stops counting them when they start or are dropped', () => {
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
  ])('limits held frames by %s', (_, frames, expected) => {
    const { reads, say } = queueOf({ frames }, 'admitting');
    say(act('1'));
    expect(reads).toEqual(expected);
  });

  test('starts new frames after held ones and keeps the socket paused until none is held', async () => {
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

  test('drops held and waiting frames on clear()', async () => {
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

  test('runs a serial action beside parallel ones, and at most one serial action', async () => {
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

  test('runs at most as many parallel actions as may wait', () => {
    const { running, say } = queueOf({ frames: { waiting: 1 } });
    for (const id of ['1', '2']) say(act(id, 'parallel/a'));
    expect(running).toEqual(['1']);
  });

  test.each([
    [40, 41, ['too_many_subscriptions'], []],
    [40, 40, [], ['subscribe']],
    [0, 41, [], ['subscribe']],
    [1, 33, ['too_many_subscriptions'], []],
    [16, 17, [], ['subscribe']],
  ])('applies a limit of %p subscriptions to a frame with %p topics', (subscriptions, count, codes, ran) => {
    const { errors, running, say } = queueOf({ connections: { subscriptions } });
    say({ type: 'subscribe', topics: Array.from({ length: count }, (_, index) => ({ topic: `t${index}` })) });
    expect([errors, running]).toEqual([codes, ran]);
  });

  test('continues after a pong', () => {
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
  ])('above the shared limit answers %j with one error per expected answer', (frame, count) => {
    const { errors, say, state } = queueOf();
    state.shared = new RealtimeError('too_many_requests', 'Wait.');
    say(frame);
    expect(errors).toEqual(Array.from({ length: count }, () => 'too_many_requests'));
  });

  test('throws errors of the server', () => {
    const { queue } = queueOf();
    const message = Object.assign(Buffer.from('{}'), {
      toString: () => {
        throw new RangeError('too long');
      },
    });
    expect(() => queue.receive(message, false)).toThrow(RangeError);
  });
});
