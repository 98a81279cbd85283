import type { ErrorFrame } from '@statewire/protocol';
import { describe, expect, test } from '@jest/globals';
import { VirtualEnvironment } from '@statewire/testing';

import { ActionOutbox } from '../actions/action-outbox.js';
import type { SessionEvent } from './client-event.js';
import { DEFAULT_FRAMES_PER_SECOND, FrameBudget } from './frame-budget.js';
import { SocketActionSender } from './socket-action-sender.js';

const SURE_BYTES = 16 * 1024;

/** A socket for actions with this frame rate; 0 means no limit. */
function setUp(rate = 0) {
  const environment = new VirtualEnvironment();
  const outbox = new ActionOutbox(environment);
  const budget = new FrameBudget(environment);
  budget.setRate(rate);
  const sent: { readonly id: string; readonly name: string }[] = [];
  const delays: number[] = [];
  const requests: SessionEvent[] = [];
  const emit = (event: SessionEvent) => {
    if (event.type === 'actions-delayed') delays.push(event.delay);
    else requests.push(event);
  };
  const post = (text: string) => {
    budget.spend();
    sent.push(JSON.parse(text) as (typeof sent)[number]);
  };
  const actions = new SocketActionSender(post, outbox, budget, environment, emit);
  const errors: string[] = [];
  const act = (name: string, data: unknown = null) =>
    outbox.add(name, data, 0).subscribe({ error: ({ code }) => errors.push(code) });
  const idOf = (name: string) => sent.find((action) => action.name === name)!.id;
  const ack = (name: string) => actions.handleAnswer({ type: 'ack', id: idOf(name) });
  const reject = (name: string, code: ErrorFrame['code'], more: Partial<ErrorFrame> = {}) =>
    actions.handleError({ type: 'error', id: idOf(name), code, message: 'No.', temporary: true, ...more });
  const names = () => sent.map(({ name }) => name);
  return { ack, act, actions, delays, environment, errors, names, outbox, reject, requests, sent };
}

describe('actions on a socket', () => {
  test('are sent in order, each once, and report one request', () => {
    const { act, actions, names, outbox, requests, sent } = setUp();
    act('a', 1);
    act('b', 2);
    outbox.setSender(actions);
    act('c', 3);
    outbox.flush();
    expect(names()).toEqual(['a', 'b', 'c']);
    expect(sent[0]).toEqual({ type: 'action', id: expect.any(String), name: 'a', data: 1 });
    expect(requests).toEqual([{ type: 'request-sent' }, { type: 'request-sent' }]);
  });

  test('wait while 32 are in flight, then follow each answer', () => {
    const { ack, act, actions, names, outbox } = setUp();
    for (let n = 0; n < 34; n++) act(String(n));
    outbox.setSender(actions);
    expect(names()).toHaveLength(32);
    ack('5');
    expect(names()).toHaveLength(33);
    ack('6');
    expect(names().at(-1)).toBe('33');
  });

  test('of unusual size wait for the welcome, with all later ones', () => {
    const { act, actions, names, outbox } = setUp();
    outbox.setSender(actions);
    const frame = JSON.stringify({
      type: 'action',
      id: new VirtualEnvironment().id(),
      name: 'sure',
      data: '',
      again: true,
      age: 2_147_483_647,
    });
    act('sure', 'x'.repeat(SURE_BYTES - frame.length));
    act('less', 'x'.repeat(SURE_BYTES - frame.length + 1));
    act('small');
    expect(names()).toEqual(['sure']);
    actions.handleWelcome();
    outbox.flush();
    expect(names()).toEqual(['sure', 'less', 'small']);
  });

  test('wait for the budget of one frame at the rate of the server', async () => {
    const { act, actions, environment, delays, names, outbox } = setUp(DEFAULT_FRAMES_PER_SECOND);
    outbox.setSender(actions);
    for (let n = 0; n < DEFAULT_FRAMES_PER_SECOND + 1; n++) act(String(n));
    expect(names()).toHaveLength(DEFAULT_FRAMES_PER_SECOND);
    expect(delays).toEqual([1_000 / DEFAULT_FRAMES_PER_SECOND]);
    await environment.advance(1_000 / DEFAULT_FRAMES_PER_SECOND);
    outbox.flush();
    expect(names()).toHaveLength(DEFAULT_FRAMES_PER_SECOND + 1);
  });
});

describe('an action that the server did not start', () => {
  const later = { retryAfter: 700 };

  test('is sent again after retryAfter, before all others', async () => {
    const { act, actions, environment, errors, delays, names, outbox, reject } = setUp();
    await environment.advance(10_000);
    outbox.setSender(actions);
    act('a');
    reject('a', 'unavailable', later);
    act('b');
    expect(names()).toEqual(['a']);
    expect(delays).toEqual([700, 700]);
    await environment.advance(699);
    outbox.flush();
    expect(delays.at(-1)).toBe(1);
    await environment.advance(1);
    outbox.flush();
    expect(names()).toEqual(['a', 'a']);
    expect(errors).toEqual([]);
  });

  test('is not overtaken: one action at a time is in flight until an answer', async () => {
    const { ack, act, actions, environment, names, outbox, reject } = setUp();
    outbox.setSender(actions);
    for (const name of ['a', 'b', 'c', 'd']) act(name);
    for (const name of ['a', 'b', 'c', 'd']) reject(name, 'too_many_requests', later);
    await environment.advance(700);
    outbox.flush();
    expect(names().slice(4)).toEqual(['a']);
    ack('a');
    expect(names().slice(4)).toEqual(['a', 'b', 'c', 'd']);
  });

  test('waits for the longer of retryAfter and the rate', () => {
    const { act, actions, delays, outbox, reject } = setUp(1);
    outbox.setSender(actions);
    act('a');
    reject('a', 'unavailable', { retryAfter: 300 });
    expect(delays).toEqual([1_000]);
    const other = setUp(1);
    other.outbox.setSender(other.actions);
    other.act('a');
    other.reject('a', 'unavailable', { retryAfter: 3_000 });
    expect(other.delays).toEqual([3_000]);
  });

  test('waits for an hour at most', () => {
    const { act, actions, delays, outbox, reject } = setUp();
    outbox.setSender(actions);
    act('a');
    reject('a', 'unavailable', { retryAfter: 1e9 });
    expect(delays).toEqual([3_600_000]);
  });

  test('stays unanswered for the next node if the server drains', async () => {
    const { act, actions, environment, errors, delays, names, outbox, reject } = setUp();
    outbox.setSender(actions);
    act('a');
    actions.handleDrain();
    reject('a', 'unavailable', later);
    await environment.advance(1_000);
    outbox.flush();
    expect({ names: names(), delays, errors }).toEqual({ names: ['a'], delays: [], errors: [] });
    expect(outbox.isEmpty).toBe(false);
  });
});

describe('an action that its handler rejects', () => {
  test('fails with that error, and the others continue', () => {
    const { act, actions, errors, names, outbox, reject } = setUp();
    outbox.setSender(actions);
    act('a');
    reject('a', 'unavailable');
    act('b');
    expect(errors).toEqual(['unavailable']);
    expect(names()).toEqual(['a', 'b']);
  });

  test('fails with that error while the node drains', () => {
    const { act, actions, errors, outbox, reject } = setUp();
    outbox.setSender(actions);
    act('a');
    actions.handleDrain();
    reject('a', 'forbidden', { temporary: false });
    expect(errors).toEqual(['forbidden']);
  });
});
