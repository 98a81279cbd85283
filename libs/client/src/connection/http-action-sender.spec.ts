import { describe, expect, test } from '@jest/globals';
import { VirtualEnvironment } from '@statewire/testing';

import { ActionOutbox } from '../actions/action-outbox.js';
import type { ActionSender } from '../actions/pending-action.js';
import type { ClientServices } from './client-services.js';
import { HttpActionSender } from './http-action-sender.js';
import type { HttpResponse } from './http-response.js';
import type { HttpRequest } from './http-transport.js';

const BAD_GATEWAY = '<html>bad gateway</html>';

function setUp() {
  const environment = new VirtualEnvironment();
  const outbox = new ActionOutbox(environment);
  const requests: { readonly request: HttpRequest; resolve: (answer: HttpResponse) => void; reject: () => void }[] = [];
  const bodies: Record<string, unknown>[] = [];
  const state = { events: [] as string[], hasToken: true, isTokenNew: false, rejected: [] as unknown[] };
  const send = ({ body }: HttpRequest) => bodies.push(JSON.parse(body!()) as Record<string, unknown>);
  const request = (asked: HttpRequest) =>
    new Promise<HttpResponse>((resolve, reject) => {
      requests.push({ request: asked, resolve, reject: () => reject(new TypeError('reset')) });
      if (state.hasToken) send(asked);
    });
  const getToken = () => send(requests.at(-1)!.request);
  const rejected = (token: unknown) => {
    state.rejected.push(token);
    return state.isTokenNew;
  };
  const services = {
    environment,
    outbox,
    options: {},
    clientId: 'client',
    tokens: { markRejected: rejected },
  };
  const emit = ({ type }: { readonly type: string }) => state.events.push(type);
  const actions = new HttpActionSender(services as unknown as ClientServices, { request }, emit);
  const log: unknown[] = [];
  const act = (name: string, data?: unknown) =>
    outbox
      .add(name, data, 0)
      .subscribe({ next: (n) => log.push([name, n]), error: ({ code }) => log.push([name, code]) });
  const answer = async (body: object | string, more: Partial<HttpResponse> = {}) => {
    const text = typeof body === 'string' ? body : JSON.stringify({ id: 'i', ...body });
    requests.at(-1)!.resolve({ status: 200, text, token: 'token', retryAfter: undefined, ...more });
    await environment.settle();
  };
  const error = (code: string, more: object = {}) => ({
    type: 'error',
    code,
    message: 'No.',
    temporary: true,
    ...more,
  });
  const cut = async () => {
    requests.at(-1)!.reject();
    await environment.settle();
  };
  const names = () => bodies.map(({ name }) => name);
  return { act, actions, answer, bodies, cut, environment, error, getToken, log, names, outbox, requests, state };
}

/** Records each action once. */
function otherSender(outbox: ActionOutbox) {
  const taken: string[] = [];
  const sender: ActionSender = {
    send: (unanswered) => {
      for (const action of unanswered.filter((each) => each.sender !== sender)) {
        taken.push(action.name);
        outbox.markSent(action, sender);
      }
    },
  };
  return { sender, taken };
}

describe('actions over HTTP', () => {
  test('are sent one at a time, in order, each after the previous answer', async () => {
    const { act, actions, answer, bodies, log, names, outbox, requests, state } = setUp();
    outbox.setSender(actions);
    act('a', 1);
    act('b');
    expect(requests[0]!.request).toMatchObject({ path: '/actions', timeout: 35_000 });
    expect(bodies).toEqual([{ clientId: 'client', id: expect.any(String), name: 'a', data: 1 }]);
    expect(names()).toEqual(['a']);
    await answer({ type: 'ack', data: 5 });
    expect(names()).toEqual(['a', 'b']);
    expect(state.events).toEqual(['action-acknowledged']);
    await answer({ type: 'error', code: 'forbidden', message: 'No.', temporary: false });
    expect(log).toEqual([
      ['a', 5],
      ['b', 'forbidden'],
    ]);
    expect(state.events).toEqual(['action-acknowledged']);
  });

  test('continue if the transport stayed available', () => {
    const { act, actions, names, outbox } = setUp();
    outbox.setSender(actions);
    actions.resume();
    act('a');
    actions.resume();
    expect(names()).toEqual(['a']);
  });

  test('have no data if the application passed none', () => {
    const { act, actions, bodies, outbox } = setUp();
    outbox.setSender(actions);
    act('a');
    expect(bodies).toEqual([{ clientId: 'client', id: expect.any(String), name: 'a' }]);
  });
});

describe('a copy of an action', () => {
  test('says that an earlier copy may have reached a server', async () => {
    const { act, actions, bodies, cut, outbox } = setUp();
    outbox.setSender(actions);
    act('a', 1);
    await cut();
    actions.resume();
    expect(bodies[0]).not.toHaveProperty('again');
    expect(bodies[1]).toEqual({ ...bodies[0], again: true, age: expect.any(Number) });
  });

  test('says how old the first copy is, also after a sleep that the monotonic clock leaves out', async () => {
    const { act, actions, bodies, cut, environment, outbox } = setUp();
    outbox.setSender(actions);
    act('a', 1);
    await environment.advance(40);
    await cut();
    actions.resume();
    expect(bodies[1]).toMatchObject({ age: 40 });
    environment.setWallClock(environment.now() + 60_000);
    await cut();
    actions.resume();
    expect(bodies[2]).toMatchObject({ age: 60_040 });
  });

  test('says so after a copy over another transport', () => {
    const { act, actions, bodies, outbox } = setUp();
    outbox.setSender(otherSender(outbox).sender);
    act('a');
    outbox.setSender(actions);
    expect(bodies).toEqual([expect.objectContaining({ name: 'a', again: true })]);
  });

  test.each([
    ['for its credentials', 'unauthorized', { temporary: false }, 401],
    ['before its start', 'unavailable', { retryAfter: 700 }, 503],
  ])('does not say so if the server rejected the earlier one %s', async (_, code, more, status) => {
    const { act, actions, answer, bodies, environment, error, outbox } = setUp();
    outbox.setSender(actions);
    act('a');
    await answer(error(code, more), { status });
    await environment.advance(700);
    expect(bodies).toHaveLength(2);
    expect(bodies[1]).not.toHaveProperty('again');
  });

  test('does not say so if there was no token for the earlier one', async () => {
    const { act, actions, bodies, cut, outbox, state } = setUp();
    state.hasToken = false;
    outbox.setSender(actions);
    act('a');
    await cut();
    state.hasToken = true;
    actions.resume();
    expect(bodies).toEqual([{ clientId: 'client', id: expect.any(String), name: 'a' }]);
  });

  test('is not sent once its action has ended without a token', () => {
    const { act, actions, bodies, getToken, log, outbox, state } = setUp();
    state.hasToken = false;
    outbox.setSender(actions);
    act('a');
    outbox.handleIdentityChange();
    expect(getToken).toThrow();
    expect(bodies).toEqual([]);
    expect(log).toEqual([['a', 'not_sent']]);
  });

  test('is not sent if another transport took the action before there was a token', () => {
    const { act, actions, bodies, getToken, outbox, state } = setUp();
    state.hasToken = false;
    outbox.setSender(actions);
    act('a');
    const { sender, taken } = otherSender(outbox);
    outbox.setSender(sender);
    expect(getToken).toThrow();
    expect(bodies).toEqual([]);
    expect(taken).toEqual(['a']);
  });
});

describe('an action without an answer', () => {
  test('is sent again after a second, before all others', async () => {
    const { act, actions, cut, environment, names, outbox } = setUp();
    outbox.setSender(actions);
    act('a');
    act('b');
    await cut();
    await environment.advance(999);
    outbox.flush();
    expect(names()).toEqual(['a']);
    await environment.advance(1);
    expect(names()).toEqual(['a', 'a']);
  });

  test('is sent again after the Retry-After of a proxy, or a second', async () => {
    for (const [retryAfter, after] of [
      [undefined, 1_000],
      [3_000, 3_000],
    ] as const) {
      const { act, actions, answer, environment, names, outbox } = setUp();
      outbox.setSender(actions);
      act('a');
      await answer(BAD_GATEWAY, { status: 502, retryAfter });
      await environment.advance(after - 1);
      expect(names()).toEqual(['a']);
      await environment.advance(1);
      expect(names()).toEqual(['a', 'a']);
    }
  });

  test('is sent again at once when a poll succeeds, and leaves no timer', async () => {
    const { act, actions, cut, environment, names, outbox } = setUp();
    outbox.setSender(actions);
    act('a');
    const timers = environment.timers;
    await cut();
    actions.resume();
    expect(names()).toEqual(['a', 'a']);
    expect(environment.timers).toBe(timers);
  });

  test('has no sender while it waits', async () => {
    const { act, actions, cut, environment, log, outbox } = setUp();
    outbox.setLimits({ actionWindow: 500 });
    outbox.setSender(actions);
    act('a');
    await cut();
    await environment.advance(500);
    expect(log).toEqual([['a', 'outcome_unknown']]);
  });

  test('stays with a new sender', async () => {
    const { act, actions, cut, environment, log, outbox } = setUp();
    outbox.setLimits({ actionWindow: 500 });
    outbox.setSender(actions);
    act('a');
    const { sender, taken } = otherSender(outbox);
    outbox.setSender(sender);
    await cut();
    await environment.advance(600);
    expect(log).toEqual([]);
    expect(taken).toEqual(['a']);
  });
});

describe('an action that the server rejects', () => {
  test.each(['unavailable', 'too_many_requests'])('before its start is sent again: %s', async (code) => {
    const { act, actions, answer, environment, error, log, names, outbox } = setUp();
    outbox.setSender(actions);
    act('a');
    await answer(error(code, { retryAfter: 700 }), { status: 503 });
    await environment.advance(699);
    expect(names()).toEqual(['a']);
    await environment.advance(1);
    expect(names()).toEqual(['a', 'a']);
    expect(log).toEqual([]);
  });

  test.each([
    ['without retryAfter', 'unavailable', { retryAfter: undefined }],
    ['with a permanent error', 'unavailable', { retryAfter: 700, temporary: false }],
    ['with another code', 'internal', { retryAfter: 700 }],
  ])('in its handler fails with that error: %s', async (_, code, more) => {
    const { act, actions, answer, error, log, outbox } = setUp();
    outbox.setSender(actions);
    act('a');
    await answer(error(code, more), { status: 500 });
    expect(log).toEqual([['a', code]]);
  });

  test('for its credentials is sent again at once with new ones', async () => {
    const { act, actions, answer, error, log, names, outbox, state } = setUp();
    outbox.setSender(actions);
    act('a');
    await answer(error('unauthorized', { temporary: false }), { status: 401 });
    expect(state.rejected).toEqual(['token']);
    expect(names()).toEqual(['a', 'a']);
    expect(log).toEqual([]);
  });

  test('for its credentials is not sent again after the action window', async () => {
    const { act, actions, answer, environment, error, log, names, outbox } = setUp();
    outbox.setLimits({ actionWindow: 500 });
    outbox.setSender(actions);
    act('a');
    await environment.advance(600);
    await answer(error('unauthorized', { temporary: false }), { status: 401 });
    expect(names()).toEqual(['a']);
    expect(log).toEqual([['a', 'outcome_unknown']]);
  });

  test('for renewed credentials fails', async () => {
    const { act, actions, answer, error, log, outbox, state } = setUp();
    state.isTokenNew = true;
    outbox.setSender(actions);
    act('a');
    await answer(error('unauthorized', { temporary: false }), { status: 401 });
    expect(log).toEqual([['a', 'unauthorized']]);
  });

  test('for another reason does not affect the credentials', async () => {
    const { act, actions, answer, error, log, outbox, state } = setUp();
    outbox.setSender(actions);
    act('a');
    await answer(error('forbidden', { temporary: false }), { status: 403 });
    expect(log).toEqual([['a', 'forbidden']]);
    expect(state.rejected).toEqual([]);
  });
});

describe('stopping', () => {
  test('aborts requests in flight and sends nothing again', async () => {
    const { act, actions, cut, environment, names, outbox, requests } = setUp();
    outbox.setSender(actions);
    act('a');
    const timers = environment.timers;
    outbox.setSender(undefined);
    actions.stop();
    expect(requests[0]!.request.signal!.aborted).toBe(true);
    await cut();
    expect(environment.timers).toBe(timers);
    expect(names()).toEqual(['a']);
  });

  test('ends the wait for a retry, and a later start sends at once', async () => {
    const { act, actions, cut, environment, names, outbox, requests } = setUp();
    outbox.setSender(actions);
    act('a');
    const timers = environment.timers;
    await cut();
    outbox.setSender(undefined);
    actions.stop();
    expect(environment.timers).toBe(timers);
    outbox.setSender(actions);
    expect(names()).toEqual(['a', 'a']);
    expect(requests[1]!.request.signal!.aborted).toBe(false);
  });
});
