import { once } from 'node:events';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ServerFrame } from '@statewire/protocol';
import { WebSocket } from 'ws';

import { FaultProxy } from './support/fault-proxy/index.js';
import {
  calm,
  filtered,
  guarded,
  guardedAction,
  handle,
  intercept,
  intercepted,
  load,
  notes,
  piped,
  SECRET,
  SOURCE_ENDED,
  TROUBLES,
} from './support/hostile-application.js';
import { ServerProcess } from './support/server-process.js';
import { until } from './support/until.js';

const MAIN = join(import.meta.dirname, 'support/hostile-application.ts');
const CLIENT_ID = 'a-client-id-of-this-test-0123';
const TOPICS = [load, notes, guarded, intercepted];
const ACTIONS = [handle, guardedAction, intercept, filtered, piped];

let application: ServerProcess;
let proxy: FaultProxy;
let origin: string;

beforeAll(async () => {
  application = new ServerProcess(MAIN);
  const { port } = new URL(await application.origin());
  proxy = await FaultProxy.start(Number(port));
  proxy.conditions = { latency: 1, jitter: 2, slice: 200 };
  origin = proxy.origin;
});

afterAll(async () => {
  application.destroy();
  await proxy.stop();
});

describe.each(TROUBLES)('R20: application code that %s', (how) => {
  it('gets an error over the WebSocket in every part of the application', async () => {
    const socket = await open({ type: 'hello', clientId: CLIENT_ID });
    for (const topic of TOPICS) {
      const { name } = topic.with({ how });
      const answer = await ask(socket, { type: 'subscribe', topics: [{ topic: name }] }, (frame) =>
        'topic' in frame ? frame.topic === name : false,
      );
      expect(JSON.stringify(answer)).not.toContain(SECRET);
    }
    for (const { name } of ACTIONS) {
      const id = `${name}-${how}`;
      const answer = await ask(socket, { type: 'action', id, name, data: { how } }, (frame) =>
        'id' in frame ? frame.id === id : false,
      );
      expect(JSON.stringify(answer)).not.toContain(SECRET);
    }
    socket.close();
  });

  it('gets an error over HTTP', async () => {
    const topics = TOPICS.map((topic) => ({ topic: topic.with({ how }).name }));
    const answers = [await post('/realtime/poll', { clientId: CLIENT_ID, topics })];
    for (const { name } of ACTIONS) {
      answers.push(
        await post('/realtime/actions', { clientId: CLIENT_ID, id: `http-${name}-${how}`, name, data: { how } }),
      );
    }
    expect(answers.join()).not.toContain(SECRET);
  });

  it('does not affect others when the network resets its client in the middle of the answers', async () => {
    const socket = await open({ type: 'hello', clientId: CLIENT_ID });
    const closed = once(socket, 'close');
    for (const { name } of ACTIONS) {
      socket.send(JSON.stringify({ type: 'action', id: `reset-${name}-${how}`, name, data: { how } }));
    }
    const topics = TOPICS.map((topic) => ({ topic: topic.with({ how }).name }));
    await ask(socket, { type: 'subscribe', topics }, (frame) => 'topic' in frame || 'id' in frame);
    for (const tunnel of proxy.tunnels) if (tunnel.isWebSocket) tunnel.cut();
    await closed;
    await expectCalm();
  });

  it.each(['verifier', 'guard'])('decides about new connections if it is the %s', async (where) => {
    const token = `${where}:${how}`;
    const socket = await open({ type: 'hello', clientId: CLIENT_ID, token });
    const closed = once(socket, 'close').then(([code]) => ({ code: code as number }));
    const told = ask(socket, { type: 'ping' }, ({ type }) => type === 'error' || type === 'welcome');
    const answer = await told.catch(() => closed);
    expect(JSON.stringify(answer)).not.toContain(SECRET);
    socket.close();
    expect(await post('/realtime/poll', { clientId: CLIENT_ID, topics: [] }, token)).not.toContain(SECRET);
  });
});

it('an application that throws in every part still serves everybody else', async () => {
  const { name } = load.with({ how: 'source-end-throws' });
  const ended = (): number => application.output.split(SOURCE_ENDED).length;
  const before = ended();
  const socket = await open({ type: 'hello', clientId: CLIENT_ID });
  const subscribe = { type: 'subscribe', topics: [{ topic: name }] };
  await ask(socket, subscribe, (frame) => 'topic' in frame && frame.topic === name);
  socket.close();
  await until(
    () => ended() > before,
    () => 'the source of a topic that was left does not end',
  );
  await expectCalm();
  expect(application.isRunning).toBe(true);
});

/** Another client gets the value of the topic. */
async function expectCalm(): Promise<void> {
  const { name } = calm.with();
  const socket = await open({ type: 'hello', clientId: CLIENT_ID });
  const frame = await ask(socket, { type: 'subscribe', topics: [{ topic: name }] }, ({ type }) => type === 'snapshot');
  socket.close();
  expect(frame).toMatchObject({ topic: name, data: 'still here' });
}

async function open(hello: object): Promise<WebSocket> {
  const socket = new WebSocket(`${origin.replace('http', 'ws')}/ws`, 'statewire.v1.json');
  socket.on('error', () => undefined);
  await once(socket, 'open');
  socket.send(JSON.stringify(hello));
  return socket;
}

/** Sends a frame and resolves with the first one that answers it. */
function ask(socket: WebSocket, frame: object, answers: (frame: ServerFrame) => boolean): Promise<ServerFrame> {
  return new Promise((resolve, reject) => {
    const take = (data: Buffer): void => {
      const heard = JSON.parse(data.toString()) as ServerFrame;
      if (answers(heard)) settle(() => resolve(heard));
    };
    const fail = (code: number): void =>
      settle(() => reject(new Error(`Closed with ${code}; ${application.output.slice(-2_000)}`)));
    const settle = (end: () => void): void => {
      socket.off('message', take).off('close', fail);
      end();
    };
    socket.on('message', take).on('close', fail);
    socket.send(JSON.stringify(frame));
  });
}

async function post(path: string, body: object, token?: string): Promise<string> {
  const headers = { 'Content-Type': 'application/json', ...(token ? { Authorization: `Bearer ${token}` } : {}) };
  const response = await fetch(origin + path, { method: 'POST', headers, body: JSON.stringify(body) });
  return response.text();
}
