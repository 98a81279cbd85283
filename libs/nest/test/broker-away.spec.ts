import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  action,
  eventTopic,
  stateTopic,
  type Position,
  type ServerFrame,
  type SubscribedFrame,
} from '@statewire/protocol';
import { VirtualEnvironment } from '@statewire/testing';

import { memoryBroker, OnAction, OnTopic, RealtimeHandlers, RealtimeMetrics } from '../src/index.js';
import { cutOffBroker, type CutOffBroker } from './support/cut-off-broker.js';
import { untilTrue } from './support/event-loop-turn.js';
import { TestApplication } from './support/test-application.js';
import type { TestSocket } from './support/test-socket.js';
import { CLIENT_ID, poll, send, TRANSPORTS } from './support/transports.js';

const room = stateTopic<{ text: string }>()('room');
const log = eventTopic<string>()('log');
const knock = action<number, number>('knock');
const TOPICS = [room.with(), log.with()];

let runs = 0;

@RealtimeHandlers()
class Rooms {
  @OnTopic(room)
  room() {
    return { text: 'first' };
  }

  @OnTopic(log)
  log(): void {}

  @OnAction(knock)
  knock(): number {
    runs += 1;
    return runs;
  }
}

/** Skips frames of other types. */
async function next(socket: TestSocket, type: ServerFrame['type']): Promise<ServerFrame> {
  for (;;) {
    const frame = await socket.any();
    if (frame.type === type) return frame;
  }
}

let clock: VirtualEnvironment;
let arena: TestApplication;
let link: CutOffBroker;

beforeEach(async () => {
  runs = 0;
  clock = new VirtualEnvironment();
  const memory = memoryBroker();
  arena = await TestApplication.start({
    clock,
    providers: [Rooms],
    realtime: {
      broker: (context) => {
        link = cutOffBroker(memory(context));
        return link.broker;
      },
    },
  });
});

afterEach(() => arena.close());

describe.each(TOPICS)('R14: the topic $name of a server that has lost its broker', ({ name: topic }) => {
  async function current(): Promise<{ topic: string; since: Position }> {
    const { frames } = await poll(arena, [{ topic }]);
    const { epoch, offset } = frames[0] as SubscribedFrame;
    return { topic, since: { epoch, offset } };
  }

  /** Starts a poll that the server holds. */
  async function hold(topics: Parameters<typeof poll>[1]) {
    const { counters } = arena.get(RealtimeMetrics).snapshot();
    let isDone = false;
    const answer = poll(arena, topics, { wait: 25 }).finally(() => (isDone = true));
    await untilTrue(() => arena.get(RealtimeMetrics).snapshot().counters.pollsHeld > counters.pollsHeld);
    return { answer, isDone: () => isDone };
  }

  test('is stale over a WebSocket, for present followers and for later ones', async () => {
    const socket = await arena.connect();
    await socket.hello();
    socket.send({ type: 'subscribe', topics: [{ topic }] });
    expect(await next(socket, 'subscribed')).not.toHaveProperty('staleSince');
    const since = clock.now();
    link.cutOff();
    expect(await next(socket, 'stale')).toEqual({ type: 'stale', since, topics: [topic] });
    socket.send({ type: 'subscribe', topics: [{ topic }], ref: 'again' });
    expect(await next(socket, 'subscribed')).toMatchObject({ staleSince: since, ref: 'again' });
    await link.bringBack();
    expect(await next(socket, 'fresh')).toEqual({ type: 'fresh', topics: [topic] });
    socket.send({ type: 'subscribe', topics: [{ topic }] });
    expect(await next(socket, 'subscribed')).not.toHaveProperty('staleSince');
  });

  test('is stale in polls, and held polls are answered when it becomes stale', async () => {
    const known = await current();
    const held = await hold([known]);
    const staleSince = clock.now();
    link.cutOff();
    expect((await held.answer).frames).toMatchObject([{ type: 'subscribed', recovered: true, staleSince }]);
    expect((await poll(arena, [known])).frames).toMatchObject([{ staleSince }]);
    await link.bringBack();
    expect((await poll(arena, [known])).frames[0]).not.toHaveProperty('staleSince');
  });

  test('holds a poll for a second while it is stale, and answers it when it is current', async () => {
    const known = await current();
    link.cutOff();
    const first = await hold([known]);
    await clock.advance(999);
    expect(first.isDone()).toBe(false);
    await clock.advance(1);
    expect((await first.answer).frames).toMatchObject([{ staleSince: expect.any(Number) }]);
    const second = await hold([known]);
    await link.bringBack();
    expect((await second.answer).frames[0]).not.toHaveProperty('staleSince');
  });

  test('has a snapshot that says so, which no tag of a cache stands for', async () => {
    const path = `/realtime/snapshot?topic=${topic}`;
    await current();
    const before = await send(arena, { path });
    const tag = before.headers.etag!;
    const staleSince = clock.now();
    link.cutOff();
    const stale = await send(arena, { path, headers: { 'if-none-match': tag } });
    expect(stale).toMatchObject({ status: 200, json: { ...before.json, staleSince } });
    expect(stale.headers).not.toHaveProperty('etag');
    await link.bringBack();
    expect((await send(arena, { path, headers: { 'if-none-match': tag } })).status).toBe(304);
  });
});

describe.each(TRANSPORTS)('an action over $name whose first copy a server before may have run', ({ open }) => {
  test('has an unknown outcome and does not run', async () => {
    const caller = await open(arena, undefined, CLIENT_ID);
    const copy = { id: 'a1', name: knock.name, data: 1, again: true };
    expect(await caller.act(copy)).toMatchObject({ type: 'error', id: 'a1', code: 'outcome_unknown' });
    expect(await caller.act({ id: 'a2', name: knock.name, data: 1 })).toMatchObject({ type: 'ack', data: 1 });
    expect(await caller.act({ ...copy, id: 'a2' })).toMatchObject({ type: 'ack', data: 1 });
    expect(runs).toBe(1);
  });
});
