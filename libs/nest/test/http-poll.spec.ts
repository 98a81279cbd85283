import { once } from 'node:events';
import { connect } from 'node:net';
import { runInThisContext } from 'node:vm';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Injectable, NotFoundException, UseGuards, type CanActivate, type ExecutionContext } from '@nestjs/common';
import {
  eventTopic,
  stateTopic,
  type PollResponse,
  type Position,
  type ServerFrame,
  type SubscribedFrame,
} from '@statewire/protocol';
import { VirtualEnvironment } from '@statewire/testing';

import { Drain } from '../src/lifecycle/drain.js';
import {
  OnTopic,
  RealtimeHandlers,
  RealtimeMetrics,
  TopicParams,
  type RealtimeModuleOptions,
  type RealtimeRequest,
  RealtimeSwitch,
} from '../src/index.js';
import { untilTrue } from './support/event-loop-turn.js';
import { TestApplication } from './support/test-application.js';
import { CLIENT_ID, poll, post } from './support/transports.js';

const room = stateTopic<{ text: string }>()('rooms/:roomId');
const log = eventTopic<string>()('logs/:name');
const broken = stateTopic<number>()('broken/:how');

@Injectable()
class Door implements CanActivate {
  closed = false;

  canActivate(context: ExecutionContext): boolean {
    const { params } = context.switchToHttp().getRequest<RealtimeRequest>();
    return !(this.closed && params['roomId'] === '1');
  }
}

@RealtimeHandlers()
class Rooms {
  @OnTopic(room)
  @UseGuards(Door)
  room(@TopicParams() { roomId }: { roomId: string }) {
    return { text: `room ${roomId}` };
  }

  @OnTopic(log)
  log(): void {}

  @OnTopic(broken)
  async broken(@TopicParams() { how }: { how: string }): Promise<number> {
    if (how === 'missing') throw new NotFoundException('Nothing is here.');
    throw new Error('secret');
  }
}

describe('a poll', () => {
  let arena: TestApplication;
  let clock: VirtualEnvironment;
  let door: Door;

  async function start(realtime: RealtimeModuleOptions = {}): Promise<void> {
    clock = new VirtualEnvironment();
    arena = await TestApplication.start({
      clock,
      providers: [Rooms, Door],
      realtime: {
        authenticate: (_, token) => (users.has(token) ? { id: token, user: token } : undefined),
        ...realtime,
      },
    });
    door = arena.get(Door);
  }

  const users = new Set<string>();

  beforeEach(() => {
    users.clear();
    users.add('ann');
  });

  afterEach(() => arena.close());

  /** The positions of a client after these frames. */
  function position(frames: readonly ServerFrame[], topic: string): Position {
    const subscribed = frames.find(
      (frame): frame is SubscribedFrame => frame.type === 'subscribed' && frame.topic === topic,
    );
    if (!subscribed) throw new Error(`There is no subscribed in ${JSON.stringify(frames)}`);
    return { epoch: subscribed.epoch, offset: subscribed.offset };
  }

  async function current(topic: string): Promise<{ topic: string; since: Position }> {
    const { frames } = await poll(arena, [{ topic }]);
    return { topic, since: position(frames, topic) };
  }

  /** Starts a poll and resolves when the server holds it. */
  async function hold(
    topics: Parameters<typeof poll>[1],
    options: Parameters<typeof poll>[2] = {},
  ): Promise<{ readonly answered: () => boolean; readonly answer: Promise<PollResponse> }> {
    const counters = () => arena.get(RealtimeMetrics).snapshot().counters;
    const { pollsHeld } = counters();
    let done = false;
    const answer = poll(arena, topics, { wait: 25, ...options }).finally(() => (done = true));
    answer.catch(() => undefined);
    await untilTrue(() => counters().pollsHeld > pollsHeld || done);
    return { answered: () => done, answer };
  }

  /** The server has read all earlier requests when it answers this one. */
  async function roundTrip(): Promise<void> {
    for (let turn = 0; turn < 5; turn++) await poll(arena, []);
  }

  test('costs rate limit only for new topics', async () => {
    await start();
    const page = (name: string) => Array.from({ length: 128 }, (_, index) => ({ topic: `logs/${name}-${index}` }));
    for (const name of ['a', 'b', 'a', 'b']) expect((await poll(arena, page(name))).frames).toHaveLength(128);
    const rejected = await post(arena, '/realtime/poll', { clientId: CLIENT_ID, topics: page('c') });
    expect(rejected).toMatchObject({
      status: 429,
      headers: { 'retry-after': '1' },
      json: { code: 'too_many_requests', temporary: true, retryAfter: 1_000 },
    });
  });

  describe('brings a client up to date', () => {
    test('from nothing with snapshots, from a position with later publications', async () => {
      await start();
      const [one, two] = [await current('rooms/1'), await current('rooms/2')];
      await arena.bus.publish(room.with({ roomId: '2' }), { text: 'changed' });
      const { frames } = await poll(arena, [one, two]);
      expect(frames.map(({ type }) => type)).toEqual([
        'subscribed',
        'subscribed',
        expect.stringMatching(/snapshot|patch/),
      ]);
      expect(frames[0]).toMatchObject({ topic: 'rooms/1', recovered: true, offset: 1 });
      expect(frames[1]).toMatchObject({ topic: 'rooms/2', recovered: true, offset: 2 });
    });

    test('with every event since a position, or the whole history for "oldest"', async () => {
      await start();
      const { since } = await current('logs/a');
      for (const text of ['x', 'y']) await arena.bus.publish(log.with({ name: 'a' }), text);
      for (const from of [since, 'oldest'] as const) {
        const { frames } = await poll(arena, [{ topic: 'logs/a', since: from }]);
        expect(frames).toMatchObject([
          { type: 'subscribed', recovered: true },
          { type: 'event', offset: 1, data: 'x' },
          { type: 'event', offset: 2, data: 'y' },
        ]);
      }
    });

    test('with an error for each failed topic, and frames for the others', async () => {
      await start();
      const topics = ['nowhere', 'broken/missing', 'broken/bug', 'rooms/2'].map((topic) => ({ topic }));
      const { frames } = await poll(arena, topics);
      expect(frames).toMatchObject([
        { type: 'error', topic: 'nowhere', code: 'unknown_topic', temporary: false },
        { type: 'error', topic: 'broken/missing', code: 'unknown_topic', message: 'Nothing is here.' },
        { type: 'error', topic: 'broken/bug', temporary: true },
        { type: 'subscribed', topic: 'rooms/2' },
        { type: 'snapshot', topic: 'rooms/2' },
      ]);
      expect(JSON.stringify(frames)).not.toContain('secret');
    });

    test('with at most 1 MiB, and reports that more follows', async () => {
      await start();
      const names = Array.from({ length: 20 }, (_, index) => `logs/${index}`);
      for (const name of names) await arena.bus.publish(log.with({ name: name.slice(5) }), 'x'.repeat(100_000));
      const seen = new Map<string, Position>();
      let polls = 0;
      for (let more: true | undefined = true; more; polls++) {
        const topics = names.map((topic) => ({ topic, since: seen.get(topic) ?? ('oldest' as const) }));
        const response = await poll(arena, topics);
        expect(JSON.stringify(response.frames).length).toBeLessThan(1.1 * 2 ** 20);
        for (const frame of response.frames) {
          if (frame.type === 'event')
            seen.set(frame.topic, { ...position(response.frames, frame.topic), offset: frame.offset });
        }
        more = response.more;
      }
      expect(polls).toBe(2);
      expect([...seen.keys()].sort()).toEqual([...names].sort());
    });

    test('in parts if one topic alone exceeds that', async () => {
      await start({ history: { bytes: 8 * 2 ** 20 } });
      for (let index = 0; index < 15; index++) await arena.bus.publish(log.with({ name: 'a' }), 'x'.repeat(100_000));
      const offsets: number[] = [];
      let since: Position | 'oldest' = 'oldest';
      for (let more: true | undefined = true; more;) {
        const response: PollResponse = await poll(arena, [{ topic: 'logs/a', since }]);
        for (const frame of response.frames) if (frame.type === 'event') offsets.push(frame.offset);
        since = { ...position(response.frames, 'logs/a'), offset: offsets.at(-1)! };
        more = response.more;
      }
      expect(offsets).toEqual(Array.from({ length: 15 }, (_, index) => index + 1));
    });

    test('for at most as many topics as a connection may follow', async () => {
      await start({ limits: { connections: { subscriptions: 2 } } });
      const topics = ['1', '2', '3'].map((roomId) => ({ topic: `rooms/${roomId}` }));
      expect((await poll(arena, topics.slice(1))).frames).toHaveLength(4);
      const { frames } = await poll(arena, topics, { wait: 25 });
      expect(frames.map(({ type }) => type)).toEqual(['subscribed', 'snapshot', 'subscribed', 'snapshot', 'error']);
      expect(frames.at(-1)).toMatchObject({ code: 'too_many_subscriptions', topic: 'rooms/3', temporary: false });
    });
  });

  describe('that may wait', () => {
    test('gets an answer at once if there is news', async () => {
      await start();
      const { frames } = await poll(arena, [{ topic: 'rooms/1' }], { wait: 25 });
      expect(frames).toHaveLength(2);
    });

    test('is held until there is news', async () => {
      await start();
      const held = await hold([await current('rooms/1'), await current('logs/a')]);
      expect(held.answered()).toBe(false);
      await arena.bus.publish(log.with({ name: 'a' }), 'x');
      const { frames } = await held.answer;
      expect(frames).toMatchObject([
        { type: 'subscribed', topic: 'rooms/1', recovered: true },
        { type: 'subscribed', topic: 'logs/a', recovered: true, offset: 1 },
        { type: 'event', topic: 'logs/a', offset: 1, data: 'x' },
      ]);
    });

    test('gets positions only when its time is over', async () => {
      await start();
      const held = await hold([await current('rooms/1')]);
      await clock.advance(24_999);
      await poll(arena, []);
      expect(held.answered()).toBe(false);
      await clock.advance(1);
      const { frames } = await held.answer;
      expect(frames).toMatchObject([{ type: 'subscribed', topic: 'rooms/1', recovered: true }]);
    });

    test('gets an answer at once if a topic is rejected', async () => {
      await start();
      const { frames } = await poll(arena, [await current('rooms/1'), { topic: 'nowhere' }], { wait: 25 });
      expect(frames[1]).toMatchObject({ type: 'error', code: 'unknown_topic' });
    });

    test('runs the guards again before its answer', async () => {
      await start();
      const held = await hold([await current('rooms/1'), await current('logs/a')]);
      door.closed = true;
      await arena.bus.publish(room.with({ roomId: '1' }), { text: 'private' });
      const { frames } = await held.answer;
      expect(frames[0]).toMatchObject({ type: 'error', topic: 'rooms/1', code: 'forbidden' });
      expect(JSON.stringify(frames)).not.toContain('private');
    });

    test('checks the credentials again before its answer', async () => {
      await start();
      const headers = { authorization: 'Bearer ann' };
      const held = await hold([await current('logs/a')], { headers });
      users.delete('ann');
      await arena.bus.publish(log.with({ name: 'a' }), 'x');
      await expect(held.answer).rejects.toThrow(/401.*unauthorized/);
    });

    test('A2: ends with 401 when the user is revoked', async () => {
      await start();
      const held = await hold([await current('logs/a')], { headers: { authorization: 'Bearer ann' } });
      await arena.connections.revoke({ user: 'bob' });
      expect(held.answered()).toBe(false);
      await arena.connections.revoke({ user: 'ann' });
      await expect(held.answer).rejects.toThrow(/401.*unauthorized/);
    });

    test('A2: ends with 401 at the end of a grace period', async () => {
      await start();
      const held = await hold([await current('logs/a')], { headers: { authorization: 'Bearer ann' } });
      await arena.connections.revoke({ user: 'ann' }, { graceMs: 100 });
      await clock.advance(99);
      await poll(arena, [{ topic: 'logs/a' }]);
      expect(held.answered()).toBe(false);
      await clock.advance(1);
      await expect(held.answer).rejects.toThrow(/401.*unauthorized/);
    });

    test('A2: ends with 401 when the credentials expire', async () => {
      await start({ authenticate: (_, token) => ({ id: token, user: token, expiresAt }) });
      const expiresAt = clock.now() + 200;
      const held = await hold([await current('logs/a')], { headers: { authorization: 'Bearer ann' } });
      await clock.advance(199);
      await poll(arena, [{ topic: 'logs/a' }]);
      expect(held.answered()).toBe(false);
      await clock.advance(1);
      await expect(held.answer).rejects.toThrow(/401.*"expired":true/);
    });

    test('reports when WebSocket is switched off and on', async () => {
      await start();
      const since = await current('logs/a');
      const websocket = arena.get(RealtimeSwitch);
      for (const enabled of [false, true]) {
        const held = await hold([since]);
        await websocket.set(enabled);
        expect(await held.answer).toMatchObject({ websocket: enabled });
      }
    });

    test('ends when the node drains, and later ones are not held', async () => {
      await start({ drain: { windowMs: 100 } });
      const since = await current('logs/a');
      const held = await hold([since]);
      const socket = await arena.connect();
      const drained = arena.get(Drain).beforeApplicationShutdown();
      expect(await held.answer).toMatchObject({ websocket: false, frames: [{ type: 'subscribed' }] });
      expect(await poll(arena, [since], { wait: 25 })).toMatchObject({ websocket: false });
      await socket.close();
      await drained;
    });

    test('is not held above the connection limit of the user', async () => {
      await start({ limits: { connections: { perUser: 2 } } });
      const headers = { authorization: 'Bearer ann' };
      const since = await current('logs/a');
      const held = [await hold([since], { headers }), await hold([since], { headers })];
      expect((await poll(arena, [since], { wait: 25, headers })).frames).toHaveLength(1);
      await arena.bus.publish(log.with({ name: 'a' }), 'x');
      for (const { answer } of held) expect((await answer).frames).toHaveLength(2);
      const again = await hold([await current('logs/a')], { headers });
      expect(again.answered()).toBe(false);
      await arena.bus.publish(log.with({ name: 'a' }), 'y');
      await again.answer;
    });

    test('follows many topics without a listener warning of Node', async () => {
      await start();
      const names = Array.from({ length: 12 }, (_, index) => `logs/${index}`);
      const { frames } = await poll(
        arena,
        names.map((topic) => ({ topic })),
      );
      const warnings: Error[] = [];
      // Jest gives tests a copy of `process`.
      const { process } = runInThisContext('globalThis') as typeof globalThis;
      const note = (warning: Error): void => void warnings.push(warning);
      process.on('warning', note);
      const { answer } = await hold(names.map((topic) => ({ topic, since: position(frames, topic) })));
      await arena.bus.publish(log.with({ name: '0' }), 'x');
      await answer;
      process.off('warning', note);
      expect(warnings).toEqual([]);
    });

    test('R10: is dropped when its client is gone', async () => {
      await start({ limits: { connections: { perAddress: 1 } } });
      const topic = await current('logs/a');
      const body = JSON.stringify({ clientId: CLIENT_ID, topics: [topic], wait: 25 });
      const socket = connect(arena.port, '127.0.0.1');
      await once(socket, 'connect');
      socket.write(
        `POST /realtime/poll HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      );
      await roundTrip();
      expect((await poll(arena, [topic], { wait: 25 })).frames).toHaveLength(1);
      socket.resetAndDestroy();
      await roundTrip();
      const held = await hold([topic]);
      expect(held.answered()).toBe(false);
      await arena.bus.publish(log.with({ name: 'a' }), 'x');
      await held.answer;
    });
  });
});
