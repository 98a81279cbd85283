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

/** Milliseconds of each deadline that a test lets pass. */
const DEADLINE = 1_000;

const checked = action<{ n: number }, void>('checked');
const refused = action<undefined, void>('refused');

class CheckedDto {
  @IsInt()
  n!: number;
}

@RealtimeHandlers()
class CodeHandlers {
  @OnAction(checked)
  checked(@ActionData() _data: CheckedDto): void {}

  @OnAction(refused)
  refused(): void {
    throw new BadRequestException('Not now.');
  }
}

let arena: TestApplication;
let clock: VirtualEnvironment;
let logged: string[];

afterEach(async () => {
  // Whoever closes the application waits for handlers that run.
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
function brokerThat(changes: Partial<Broker>): Broker {
  const silent = (): void => undefined;
  const log = new RealtimeLog({ debug: silent, log: silent, warn: silent, error: silent }, systemEnvironment);
  const { history } = resolveOptions({}, systemEnvironment);
  return Object.assign(new MemoryBroker({ environment: systemEnvironment, history, log }), changes);
}

/** What the server answers over each transport on which the error exists. */
interface Told {
  readonly webSocket?: ErrorFrame;
  readonly http?: { readonly status: number; readonly json: object };
}

/** Sends frames over a socket that is welcomed, and takes the first error. */
async function say(...frames: readonly (object | string)[]): Promise<ErrorFrame> {
  const socket = await arena.welcome();
  for (const frame of frames) socket.send(frame);
  return socket.next('error');
}

function act(name: string, data?: unknown, id = '1'): Promise<{ readonly status: number; readonly json: object }> {
  return post(arena, '/realtime/actions', { clientId: CLIENT_ID, id, name, ...(data === undefined ? {} : { data }) });
}

/** The same action over both transports, as two clients would send it. */
async function acted(name: string, data?: unknown): Promise<Told> {
  const webSocket = await say({ type: 'action', id: '2', name, ...(data === undefined ? {} : { data }) });
  return { webSocket, http: await act(name, data) };
}

/** The same topic over both transports. A poll answers with 200 and the error in its frames. */
async function subscribed(topic: string): Promise<Told> {
  const webSocket = await say({ type: 'subscribe', topics: [{ topic }] });
  const { status, text } = await snapshot(topic);
  return { webSocket, http: { status, json: JSON.parse(text) as object } };
}

async function snapshot(topic: string): Promise<{ readonly status: number; readonly text: string }> {
  const response = await fetch(`${arena.origin}/realtime/snapshot?topic=${topic}`);
  return { status: response.status, text: await response.text() };
}

/** Every code of the protocol, so that a new one does not compile before it is told in a test. */
const TOLD: Record<ErrorCode, () => Promise<Told>> = {
  async bad_request() {
    await start();
    return { webSocket: await say('{'), http: await post(arena, '/realtime/actions', { clientId: CLIENT_ID }) };
  },
  async validation_failed() {
    await start();
    return acted('checked', { n: 'one' });
  },
  async unknown_topic() {
    await start();
    return subscribed('nowhere');
  },
  async unknown_action() {
    await start();
    return acted('nothing');
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
    return subscribed('secrets/ann');
  },
  async not_subscribed() {
    await start();
    return { webSocket: await say({ type: 'unsubscribe', topics: ['battles/1'] }) };
  },
  async conflict() {
    await start();
    await act('double', { n: 1 });
    const webSocket = await say(
      { type: 'action', id: '7', name: 'double', data: { n: 1 } },
      { type: 'action', id: '7', name: 'double', data: { n: 2 } },
    );
    return { webSocket, http: await act('double', { n: 2 }) };
  },
  async too_large() {
    await start();
    // Over the WebSocket what is too large ends the connection with 1009, before it is read.
    return { http: await act('double', 'x'.repeat(70_000)) };
  },
  async too_many_requests() {
    await start({ limits: { frames: { perSecond: 1 } } });
    const webSocket = await say(...Array.from({ length: 4 }, () => ({ type: 'ping' })));
    await Promise.all([act('double', { n: 1 }, 'a'), act('double', { n: 1 }, 'b')]);
    return { webSocket, http: await act('double', { n: 1 }, 'c') };
  },
  async too_many_subscriptions() {
    await start({ limits: { connections: { subscriptions: 1 } } });
    const topics = [{ topic: 'battles/1' }, { topic: 'battles/2' }];
    const http = await post(arena, '/realtime/poll', { clientId: CLIENT_ID, topics });
    return { webSocket: await say({ type: 'subscribe', topics }), http };
  },
  async timeout() {
    await start({ limits: { timeouts: { actionMs: DEADLINE } } });
    const { running } = arena.get(SlowWork);
    const told = acted('slow');
    for (const actions of [1, 2]) {
      await untilTrue(() => running.length === actions);
      await clock.advance(DEADLINE);
    }
    return told;
  },
  async action_failed() {
    await start();
    return acted('refused');
  },
  async outcome_unknown() {
    await start({ broker: brokerThat({ claim: () => Promise.resolve({ outcome: 'lost' }) }) });
    return acted('double', { n: 1 });
  },
  async unavailable() {
    await start({ broker: brokerThat({ claim: () => Promise.reject(new Error('The broker is gone.')) }) });
    return acted('double', { n: 1 });
  },
  async internal() {
    await start();
    return acted('fail');
  },
};

function bearer(token: string): { readonly authorization: string } {
  return { authorization: `Bearer ${token}` };
}

describe('each error code has the status and `temporary` of the table', () => {
  test.each(Object.keys(TOLD) as ErrorCode[])('%s', async (code) => {
    const { webSocket, http } = await TOLD[code]();
    const { status, temporary } = ERROR_CODES[code];
    const expected = { type: 'error', code, temporary, message: expect.stringMatching(/\S/) };
    for (const frame of [webSocket, http?.json]) if (frame !== undefined) expect(frame).toMatchObject(expected);
    if (http !== undefined) expect(http.status).toBe(status);
    expect([webSocket, http].some((told) => told !== undefined)).toBe(true);
  });
});

/** A client that opened, and said `hello` with this token. */
async function greeting(token?: string): Promise<TestSocket> {
  const socket = await arena.connect();
  socket.send({ type: 'hello', clientId: CLIENT_ID, ...(token === undefined ? {} : { token }) });
  return socket;
}

/** Every close code the server sends; 4010 is for versions that are spoken after the upgrade, and there is one only. */
const CLOSED: Record<Exclude<CloseCodeName, 'protocolVersion'>, () => Promise<TestSocket>> = {
  async tooManyBadFrames() {
    await start({ limits: { frames: { malformed: 2 } } });
    const socket = await arena.welcome();
    for (const frame of ['{', '{']) socket.send(frame);
    return socket;
  },
  async helloTimeout() {
    await start({ limits: { timeouts: { helloMs: DEADLINE } } });
    const socket = await arena.connect();
    await clock.advance(DEADLINE);
    return socket;
  },
  async rejected() {
    await start();
    return greeting('nobody');
  },
  async tooManyRequests() {
    await start({ limits: { frames: { perSecond: 1, rejected: 2 } } });
    const socket = await arena.welcome();
    for (let frame = 0; frame < 5; frame += 1) socket.send({ type: 'ping' });
    return socket;
  },
  async slowConsumer() {
    await start({ limits: { timeouts: { stalledMs: DEADLINE } } });
    const socket = await arena.welcome();
    socket.send({ type: 'subscribe', topics: [{ topic: notices.with().name }] });
    await socket.next('subscribed');
    socket.webSocket.pause();
    for (let n = 0; n < 60; n += 1) await arena.bus.publish(notices.with(), { text: `${n}`.padEnd(200_000) });
    while (!hasLogged(CLOSE_CODES.slowConsumer.code)) await clock.advance(DEADLINE / 10);
    socket.webSocket.resume();
    return socket;
  },
  async overloaded() {
    await start({ limits: { timeouts: { authenticationMs: DEADLINE } } });
    const verification = HeldVerification.next();
    const socket = await greeting('held');
    await verification.arrived.opened;
    await clock.advance(DEADLINE);
    return socket;
  },
  async heartbeatLost() {
    await start({ heartbeat: { intervalMs: DEADLINE, timeoutMs: DEADLINE } });
    const socket = await arena.welcome();
    await clock.advance(2 * DEADLINE);
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
    return greeting(`ann:${clock.now() - 1}`);
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
  test.each(Object.keys(CLOSED) as (keyof typeof CLOSED)[])('%s', async (name) => {
    const socket = await CLOSED[name]();
    const { code, meaning } = CLOSE_CODES[name];
    const heard = await socket.closed();
    await untilTrue(() => hasLogged(code));
    // Whoever lost the heartbeat may be beyond hearing the reason.
    expect(name === 'heartbeatLost' ? [code, 1006] : [code]).toContain(heard);
    expect(logged.filter((line) => line.includes('connection-closed'))).toEqual([expect.stringContaining(meaning)]);
  });
});
