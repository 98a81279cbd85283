import { once } from 'node:events';
import { connect } from 'node:net';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { action, stateTopic, type SubscribedFrame } from '@statewire/protocol';
import { firstValueFrom, Subject } from 'rxjs';

import { OnAction, OnTopic, RealtimeBus, RealtimeHandlers, type RealtimeModuleOptions } from '../src/index.js';
import { TestApplication } from './support/test-application.js';
import { CLIENT_ID, poll, post } from './support/transports.js';

const count = stateTopic<number>()('count');

@RealtimeHandlers()
class Counter {
  value = 0;
  readonly gate = new Subject<void>();
  readonly started = new Subject<void>();

  constructor(private readonly bus: RealtimeBus) {}

  @OnTopic(count)
  load(): number {
    return this.value;
  }

  @OnAction(action<void, number>('add'))
  async add(): Promise<number> {
    this.value += 1;
    await this.bus.publish(count.with(), this.value);
    return this.value;
  }

  @OnAction(action<void, number>('add-slowly'))
  async addSlowly(): Promise<number> {
    this.value += 1;
    this.started.next();
    await firstValueFrom(this.gate);
    return this.value;
  }
}

describe('R10: over a network that loses and repeats requests', () => {
  let arena: TestApplication;
  let counter: Counter;

  async function start(realtime: RealtimeModuleOptions = {}): Promise<void> {
    arena = await TestApplication.start({ providers: [Counter], realtime });
    counter = arena.get(Counter);
  }

  beforeEach(() => start());
  afterEach(() => arena.close());

  function bytesOf(body: object): string {
    const text = JSON.stringify(body);
    const head = `POST /realtime/actions HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: ${text.length}\r\n\r\n`;
    return head + text;
  }

  test('an action sent twice in parallel and again later runs once', async () => {
    const request = { clientId: CLIENT_ID, id: '1', name: 'add' };
    const answers = await Promise.all(Array.from({ length: 10 }, () => post(arena, '/realtime/actions', request)));
    answers.push(await post(arena, '/realtime/actions', request));
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    expect(counter.value).toBe(1);
  });

  test('an action whose answer was lost gets the same answer when sent again', async () => {
    const request = { clientId: CLIENT_ID, id: '1', name: 'add-slowly' };
    const socket = connect(arena.port, '127.0.0.1');
    const started = firstValueFrom(counter.started);
    socket.write(bytesOf(request));
    await started;
    socket.resetAndDestroy();
    const again = post(arena, '/realtime/actions', request);
    await poll(arena, []);
    counter.gate.next();
    expect((await again).json).toEqual({ type: 'ack', id: '1', data: 1 });
    expect(counter.value).toBe(1);
  });

  test('a truncated request has no effect', async () => {
    const bytes = bytesOf({ clientId: CLIENT_ID, id: '1', name: 'add' });
    const socket = connect(arena.port, '127.0.0.1');
    await once(socket, 'connect');
    socket.resume().end(bytes.slice(0, -1));
    await once(socket, 'close');
    expect(counter.value).toBe(0);
  });

  test('parallel and repeated polls get the same answer for the same position', async () => {
    const { frames } = await poll(arena, [{ topic: 'count' }]);
    const { epoch, offset } = frames[0] as SubscribedFrame;
    const since = { epoch, offset };
    await post(arena, '/realtime/actions', { clientId: CLIENT_ID, id: '1', name: 'add' });
    const answers = await Promise.all(Array.from({ length: 5 }, () => poll(arena, [{ topic: 'count', since }])));
    expect(new Set(answers.map((answer) => JSON.stringify(answer.frames))).size).toBe(1);
    expect(answers[0]!.frames[0]).toMatchObject({ recovered: true, offset: 2 });
  });

  test('one caller may run as many actions as a connection may have waiting', async () => {
    await arena.close();
    await start({ limits: { frames: { waiting: 2 } } });
    const started = firstValueFrom(counter.started);
    const act = (id: string) => post(arena, '/realtime/actions', { clientId: CLIENT_ID, id, name: 'add-slowly' });
    const first = act('1');
    await started;
    const secondStarted = firstValueFrom(counter.started);
    const second = act('2');
    await secondStarted;
    expect(await act('3')).toMatchObject({ status: 429, json: { type: 'error', id: '3', code: 'too_many_requests' } });
    counter.gate.next();
    expect((await first).status).toBe(200);
    expect((await second).status).toBe(200);
  });

  test.each([
    ['ack', 200, { name: 'add' }],
    ['unknown_action', 404, { name: 'multiply' }],
    ['conflict', 409, { name: 'add', data: 1 }],
  ])('the HTTP status matches the error frame: %s', async (code, status, rest) => {
    if (code === 'conflict') await post(arena, '/realtime/actions', { clientId: CLIENT_ID, id: '1', name: 'add' });
    const answer = await post(arena, '/realtime/actions', { clientId: CLIENT_ID, id: '1', ...rest });
    expect(answer.status).toBe(status);
    expect(answer.json).toMatchObject(code === 'ack' ? { type: 'ack', id: '1' } : { type: 'error', id: '1', code });
  });

  test('a malformed action gets an error with its id, if it has one', async () => {
    const answer = await post(arena, '/realtime/actions', { clientId: CLIENT_ID, id: '7', name: 5 });
    expect(answer).toMatchObject({ status: 400, json: { type: 'error', id: '7', code: 'bad_request' } });
  });
});
