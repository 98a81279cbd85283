import { afterEach, describe, expect, test } from '@jest/globals';
import { BadRequestException } from '@nestjs/common';
import {
  action,
  CLOSE_CODES,
  ERROR_CODES,
  type CloseCodeName,
  type ErrorCode,
  type ErrorFrame,
} from '@statewire/protocol';
import { VirtualEnvironment } from '@statewire/testing';
import { IsInt } from 'class-validator';

import {
  ActionData,
  OnAction,
  RealtimeHandlers,
  type Broker,
  type RealtimeModuleOptions,
  RealtimeSwitch,
} from '../src/index.js';
import { MemoryBroker } from '../src/broker/memory/memory-broker.js';
import { systemEnvironment } from '../src/core/environment.js';
import { RealtimeLog } from '../src/core/realtime-log.js';
import { resolveOptions } from '../src/core/resolve-options.js';
import { untilTrue } from './support/event-loop-turn.js';
import { TestApplication } from './support/test-application.js';
import type { TestSocket } from './support/test-socket.js';
import { arenaProviders, authenticate, HeldVerification, notices, SlowWork } from './support/arena-fixture.js';
import { CLIENT_ID, post } from './support/transports.js';

/** Milliseconds of each deadline in these tests. */
const DEADLINE_MS = 1_000;

const checked = action<{ n: number }, void>('checked');
const failing = action<undefined, void>('failing');

class CheckedDto {
  @IsInt()
  n!: number;
}

@RealtimeHandlers()
class CodeHandlers {
  @OnAction(checked)
  checked(@ActionData() _data: CheckedDto): void {}

  @OnAction(failing)
  failing(): void {
    throw new BadRequestException('Not now.');
  }
}

let arena: TestApplication;
let clock: VirtualEnvironment;
let logged: string[];

afterEach(async () => {
  // app.close() waits for running handlers.
  for (const finish of arena.get(SlowWork).running) finish();
  await arena.close();
});

async function start(realtime: RealtimeModuleOptions = {}): Promise<void> {
  logged = [];
  const write = (...values: unknown[]): void => void logged.push(values.map(String).join(' '));
  clock = new VirtualEnvironment();
  arena = await TestApplication.start({
    clock,
    realtime: { authenticate, ...realtime },
    providers: [...arenaProviders, CodeHandlers],
    logger: { log: write, error: write, warn: write, debug: write, verbose: write },
  });
}

/** A memory broker with one method replaced. */
function brokerWith(changes: Partial<Broker>): Broker {
  const silent = (): void => undefined;
  const log = new RealtimeLog({ debug: silent, log: silent, warn: silent, error: silent }, systemEnvironment);
  const { history } = resolveOptions({}, systemEnvironment);
  return Object.assign(new MemoryBroker({ environment: systemEnvironment, history, log }), changes);
}

/** The answers over each transport that has the error. */
interface Answers {
  readonly webSocket?: ErrorFrame;
  readonly http?: { readonly status: number; readonly json: object };
}

/** Sends frames after `welcome` and returns the first error. */
async function firstError(...frames: readonly (object | string)[]): Promise<ErrorFrame> {
  const socket = await arena.welcome();
  for (const frame of frames) socket.send(frame);
  return socket.next('error');
}

function act(name: string, data?: unknown, id = '1'): Promise<{ readonly status: number; readonly json: object }> {
  return post(arena, '/realtime/actions', { clientId: CLIENT_ID, id, name, ...(data === undefined ? {} : { data }) });
}

/** Sends the action over both transports, each as a client of its own. */
async function actBoth(name: string, data?: unknown): Promise<Answers> {
  const webSocket = await firstError({ type: 'action', id: '2', name, ...(data === undefined ? {} : { data }) });
  return { webSocket, http: await act(name, data) };
}

/** Requests the topic over both transports. A poll gets 200 and an error frame. */
async function subscribeBoth(topic: string): Promise<Answers> {
  const webSocket = await firstError({ type: 'subscribe', topics: [{ topic }] });
  const { status, text } = await snapshot(topic);
  return { webSocket, http: { status, json: JSON.parse(text) as object } };
}

async function snapshot(topic: string): Promise<{ readonly status: number; readonly text: string }> {
  const response = await fetch(`${arena.origin}/realtime/snapshot?topic=${topic}`);
  return { status: response.status, text: await response.text() };
}

/** One request for every code of the protocol. The type makes a new code without a test an error. */
const ERROR_REQUESTS: Record<ErrorCode, () => Promise<Answers>> = {
  async bad_request() {
    await start();
    return { webSocket: await firstError('{'), http: await post(arena, '/realtime/actions', { clientId: CLIENT_ID }) };
  },
  async validation_failed() {
    await start();
    return actBoth('checked', { n: 'one' });
  },
  async unknown_topic() {
    await start();
    return subscribeBoth('nowhere');
  },
  async unknown_action() {
    await start();
    return actBoth('nothing');
  },
  async unauthorized() {
    await start();
    const socket = await arena.connect();
    socket.send({ type: 'hello', clientId: CLIENT_ID, token: 'nobody' });
    const http = await post(arena, '/realtime/poll', { clientId: CLIENT_ID, topics: [] }, bearer('nobody'));
    return { webSocket: await socket.next('error'), http };
  },
  async forbidden() {
    await start();
    return subscribeBoth('secrets/ann');
  },
  async not_subscribed() {
    await start();
    return { webSocket: await firstError({ type: 'unsubscribe', topics: ['battles/1'] }) };
  },
  async conflict() {
    await start();
    await act('double', { n: 1 });
    const webSocket = await firstError(
      { type: 'action', id: '7', name: 'double', data: { n: 1 } },
      { type: 'action', id: '7', name: 'double', data: { n: 2 } },
    );
    return { webSocket, http: await act('double', { n: 2 }) };
  },
  async too_large() {
    await start({ limits: { frames: { bytes: 10_000 } } });
    const webSocket = await firstError({ type: 'action', id: '7', name: 'double', data: 'x'.repeat(11_000) });
    return { webSocket, http: await act('double', 'x'.repeat(11_000)) };
  },
  async too_many_requests() {
    await start({ limits: { frames: { perSecond: 1 } } });
    const webSocket = await firstError(...Array.from({ length: 4 }, () => ({ type: 'ping' })));
    await Promise.all([act('double', { n: 1 }, 'a'), act('double', { n: 1 }, 'b')]);
    return { webSocket, http: await act('double', { n: 1 }, 'c') };
  },
  async too_many_subscriptions() {
    await start({ limits: { connections: { subscriptions: 1 } } });
    const topics = [{ topic: 'battles/1' }, { topic: 'battles/2' }];
    // A poll of fewer topics gets an error for each topic beyond the limit.
    const many = Array.from({ length: 1_026 }, (_, index) => ({ topic: `battles/${index}` }));
    const http = await post(arena, '/realtime/poll', { clientId: CLIENT_ID, topics: many });
    return { webSocket: await firstError({ type: 'subscribe', topics }), http };
  },
  async timeout() {
    await start({ limits: { timeouts: { actionMs: DEADLINE_MS } } });
    const { running } = arena.get(SlowWork);
    const answers = actBoth('slow');
    for (const actions of [1, 2]) {
      await untilTrue(() => running.length === actions);
      await clock.advance(DEADLINE_MS);
    }
    return answers;
  },
  async action_failed() {
    await start();
    return actBoth('failing');
  },
  async outcome_unknown() {
    await start({ broker: brokerWith({ claim: () => Promise.resolve({ outcome: 'lost' }) }) });
    return actBoth('double', { n: 1 });
  },
  async unavailable() {
    await start({ broker: brokerWith({ claim: () => Promise.reject(new Error('The broker is gone.')) }) });
    return actBoth('double', { n: 1 });
  },
  async internal() {
    await start();
    return actBoth('fail');
  },
};

function bearer(token: string): { readonly authorization: string } {
  return { authorization: `Bearer ${token}` };
}

describe('each error code has the status and `temporary` of the table', () => {
  test.each(Object.keys(ERROR_REQUESTS) as ErrorCode[])('%s', async (code) => {
    const { webSocket, http } = await ERROR_REQUESTS[code]();
    const { status, temporary } = ERROR_CODES[code];
    const expected = { type: 'error', code, temporary, message: expect.stringMatching(/\S/) };
    for (const frame of [webSocket, http?.json]) if (frame !== undefined) expect(frame).toMatchObject(expected);
    if (http !== undefined) expect(http.status).toBe(status);
    expect([webSocket, http].some((answer) => answer !== undefined)).toBe(true);
  });
});

/** Opens a socket and sends `hello` with this token. */
async function sendHello(token?: string): Promise<TestSocket> {
  const socket = await arena.connect();
  socket.send({ type: 'hello', clientId: CLIENT_ID, ...(token === undefined ? {} : { token }) });
  return socket;
}

/** One connection for every close code of the server. 4010 has none, because there is only one protocol version. */
const CLOSING_CONNECTIONS: Record<Exclude<CloseCodeName, 'protocolVersion'>, () => Promise<TestSocket>> = {
  async tooManyBadFrames() {
    await start({ limits: { frames: { malformed: 2 } } });
    const socket = await arena.welcome();
    for (const frame of ['{', '{']) socket.send(frame);
    return socket;
  },
  async helloTimeout() {
    await start({ limits: { timeouts: { helloMs: DEADLINE_MS } } });
    const socket = await arena.connect();
    await clock.advance(DEADLINE_MS);
    return socket;
  },
  async rejected() {
    await start();
    return sendHello('nobody');
  },
  async tooManyRequests() {
    await start({ limits: { frames: { perSecond: 1, rejected: 2 } } });
    const socket = await arena.welcome();
    for (let frame = 0; frame < 5; frame += 1) socket.send({ type: 'ping' });
    return socket;
  },
  async slowConsumer() {
    await start({ limits: { timeouts: { stalledMs: DEADLINE_MS } } });
    const socket = await arena.welcome();
    socket.send({ type: 'subscribe', topics: [{ topic: notices.with().name }] });
    await socket.next('subscribed');
    socket.webSocket.pause();
    for (let n = 0; n < 60; n += 1) await arena.bus.publish(notices.with(), { text: `${n}`.padEnd(200_000) });
    while (!hasLogged(CLOSE_CODES.slowConsumer.code)) await clock.advance(DEADLINE_MS / 10);
    socket.webSocket.resume();
    return socket;
  },
  async overloaded() {
    await start({ limits: { timeouts: { authenticationMs: DEADLINE_MS } } });
    const verification = HeldVerification.next();
    const socket = await sendHello('held');
    await verification.arrived.opened;
    await clock.advance(DEADLINE_MS);
    return socket;
  },
  async heartbeatLost() {
    await start({ heartbeat: { intervalMs: DEADLINE_MS, timeoutMs: DEADLINE_MS } });
    const socket = await arena.welcome();
    await clock.advance(2 * DEADLINE_MS);
    return socket;
  },
  async draining() {
    await start();
    const socket = await arena.connect();
    void arena.app.close();
    return socket;
  },
  async tokenExpired() {
    await start();
    return sendHello(`ann:${clock.now() - 1}`);
  },
  async switchedOff() {
    await start();
    const socket = await arena.welcome();
    await arena.get(RealtimeSwitch).set(false);
    return socket;
  },
};

function hasLogged(code: number): boolean {
  return logged.some((line) => line.includes(`code=${code}`));
}

describe('each close code has the meaning of the table', () => {
  test.each(Object.keys(CLOSING_CONNECTIONS) as (keyof typeof CLOSING_CONNECTIONS)[])('%s', async (name) => {
    const socket = await CLOSING_CONNECTIONS[name]();
    const { code, meaning } = CLOSE_CODES[name];
    const closeCode = await socket.closed();
    await untilTrue(() => hasLogged(code));
    // A client without a heartbeat may not receive the close frame.
    expect(name === 'heartbeatLost' ? [code, 1006] : [code]).toContain(closeCode);
    expect(logged.filter((line) => line.includes('connection-closed'))).toEqual([expect.stringContaining(meaning)]);
  });
});
