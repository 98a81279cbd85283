import { describe, expect, test } from '@jest/globals';
import { VirtualEnvironment } from '@statewire/testing';

import { FakeFrameSocket } from '../../test/support/fake-frame-socket.js';
import { FRAME_KINDS } from '../core/counters.js';
import { type EncodedFrame, encodeText } from './frame-encoder.js';
import { FlushScheduler } from './flush-scheduler.js';
import type { TopicBacklog } from './frame-sink.js';
import { Outbox, type OverflowReason } from './outbox.js';

const MARKS = { softMark: 1_000, hardMark: 4_000, stalledTimeout: 10_000 };

function setUp(marks: Partial<typeof MARKS> = {}) {
  const environment = new VirtualEnvironment();
  const scheduler = new FlushScheduler(environment);
  const options = { ...MARKS, ...marks, environment, scheduler };
  const connect = () => {
    const socket = new FakeFrameSocket();
    const overflows: OverflowReason[] = [];
    return { socket, overflows, outbox: new Outbox(socket, options, (reason) => overflows.push(reason)) };
  };
  return { environment, scheduler, connect, ...connect() };
}

/** A frame with this number of bytes. */
function frame(size: number, name = 'x'): EncodedFrame {
  return encodeText(JSON.stringify({ type: 'pong', name: name.padEnd(size - 33, '.') }));
}

/** A topic with frames that its sink has not received. */
function backlogOf(frames: EncodedFrame[]): TopicBacklog & { pulls: number } {
  return {
    pulls: 0,
    pull() {
      this.pulls += 1;
      return frames.splice(0, 1);
    },
  };
}

describe('Outbox', () => {
  test('B1: writes all frames of a tick at once', () => {
    for (const count of [1, 4, 8]) {
      const { environment, outbox, socket } = setUp();
      for (let index = 0; index < count; index++) outbox.send({ type: 'ping', time: index });
      expect(socket.writes).toHaveLength(0);
      environment.tick();
      expect(socket.writes).toHaveLength(1);
      expect(socket.frames.map((sent) => sent.type === 'ping' && sent.time)).toEqual([...Array(count).keys()]);
      environment.tick();
      expect(socket.writes).toHaveLength(1);
    }
  });

  test('B5: writes once per tick to each of 1,000 clients with 3 of 50 topics', () => {
    const { connect, environment } = setUp({ softMark: 0 });
    const clients = Array.from({ length: 1_000 }, connect);
    for (let tick = 1; tick <= 2; tick++) {
      for (let publication = 0; publication < 10; publication++) {
        for (let topic = 0; topic < 50; topic++) {
          const published = frame(50, `${topic}`);
          clients.forEach(({ outbox }, client) => {
            if ([0, 1, 2].some((step) => (client + step * 7) % 50 === topic)) outbox.offer(published, backlogOf([]));
          });
        }
      }
      environment.tick();
      for (const { socket } of clients) {
        expect(socket.writes).toHaveLength(tick);
        expect(socket.writes.at(-1)!.length).toBe(30);
      }
    }
  });

  test('clients with the same pending frames share one buffer', () => {
    const { connect, environment } = setUp();
    const [a, b, c] = [connect(), connect(), connect()];
    const [first, second, other] = [frame(50, 'first'), frame(50, 'second'), frame(50, 'other')];
    for (const { outbox } of [a, c, b]) outbox.send(outbox === c.outbox ? other : first);
    for (const { outbox } of [a, c, b]) outbox.send(second);
    environment.tick();
    expect(a.socket.writes[0]!.messages[0]).toBe(b.socket.writes[0]!.messages[0]);
    expect(a.socket.writes[0]!.messages[0]).toEqual(Buffer.concat([first.message, second.message]));
    expect(c.socket.writes[0]!.messages[0]).toEqual(Buffer.concat([other.message, second.message]));
  });

  test('clients share buffers in every order of frames', () => {
    const { connect, environment } = setUp();
    const clients = Array.from({ length: 9 }, connect);
    const kinds = [frame(50, 'a'), frame(50, 'b'), frame(50, 'c')];
    for (const published of [0, 1]) {
      clients.forEach(({ outbox }, client) => outbox.send(kinds[(client + published) % 3]!));
    }
    environment.tick();
    const buffers = new Set(clients.map(({ socket }) => socket.writes[0]!.messages[0]));
    expect(buffers.size).toBe(3);
  });

  test('writes a single frame without a copy', () => {
    const { environment, outbox, socket } = setUp();
    const only = frame(100);
    outbox.send(only);
    environment.tick();
    expect(socket.writes[0]!.messages[0]).toBe(only.message);
  });

  test('keeps no frames of an earlier tick', () => {
    const { environment, outbox, scheduler } = setUp();
    const before = scheduler.root;
    outbox.send({ type: 'ping' });
    environment.tick();
    expect(scheduler.root).not.toBe(before);
  });

  test('frames sent in a later tick follow in order', () => {
    const { environment, outbox, socket } = setUp();
    outbox.send({ type: 'ping', time: 1 });
    environment.tick();
    outbox.send({ type: 'ping', time: 2 });
    outbox.flush();
    outbox.send({ type: 'ping', time: 3 });
    environment.tick();
    expect(socket.frames.map((sent) => sent.type === 'ping' && sent.time)).toEqual([1, 2, 3]);
    expect(socket.writes).toHaveLength(3);
  });

  test('an ack overtakes the topic frames of its tick, and no other frames', () => {
    const { connect, environment } = setUp();
    const [alice, bob] = [connect(), connect()];
    const patch = encodeText('{"type":"pong","time":1}', FRAME_KINDS.patch);
    const snapshot = encodeText('{"type":"pong","time":2}', FRAME_KINDS.snapshot);
    for (const { outbox } of [alice, bob]) {
      outbox.offer(patch, backlogOf([]));
      outbox.send({ type: 'ping', time: 3 });
      outbox.offer(snapshot, backlogOf([]));
      outbox.offer(patch, backlogOf([]));
      if (outbox === alice.outbox) for (const id of ['1', '2']) outbox.send({ type: 'ack', id });
    }
    bob.outbox.flush();
    alice.outbox.offer(patch, backlogOf([]));
    environment.tick();
    const names = ({ socket }: typeof alice) =>
      socket.frames.map((sent) => (sent.type === 'ack' ? sent.id : 'time' in sent && sent.time));
    expect(names(alice)).toEqual([1, 3, '1', '2', 2, 1, 1]);
    expect(names(bob)).toEqual([1, 3, 2, 1]);
    alice.outbox.send({ type: 'ack', id: '3' });
    environment.tick();
    expect(names(alice).slice(7)).toEqual(['3']);
  });

  test('live frames are held back at the soft mark and pulled as the reader drains', async () => {
    const { environment, outbox, socket } = setUp();
    socket.stuck = true;
    const backlog = backlogOf([frame(300, 'pulled-1'), frame(300, 'pulled-2')]);
    expect(outbox.offer(frame(600), backlog)).toBe(true);
    expect(outbox.offer(frame(600), backlog)).toBe(true);
    expect(outbox.offer(frame(600), backlog)).toBe(false);
    await environment.settle();
    expect(backlog.pulls).toBe(0);
    socket.read(600);
    await environment.settle();
    expect(backlog.pulls).toBe(0);
    socket.read(600);
    await environment.settle();
    expect(backlog.pulls).toBe(3);
    expect(socket.writes.at(-1)!.length).toBe(2);
    expect(outbox.offer(frame(100), backlog)).toBe(true);
  });

  test('a burst within one tick lags only until it is written', async () => {
    const { environment, outbox, socket } = setUp();
    const backlog = backlogOf([frame(500, 'pulled')]);
    expect(outbox.offer(frame(1_200), backlog)).toBe(true);
    expect(outbox.offer(frame(500), backlog)).toBe(false);
    await environment.settle();
    expect(socket.writes.map(({ length, size }) => [length, size > 1_000])).toEqual([
      [1, true],
      [1, false],
    ]);
  });

  test('lagging topics take turns', async () => {
    const { environment, outbox, socket } = setUp();
    socket.stuck = true;
    outbox.send(frame(1_500));
    const named = (name: string) => backlogOf([1, 2, 3].map((part) => frame(700, `${name}${part}`)));
    outbox.offer(frame(10, '!'), named('a'));
    outbox.offer(frame(10, '!'), named('b'));
    for (let round = 0; round < 10; round++) {
      await environment.settle();
      socket.read(Infinity);
    }
    const order = socket.frames.slice(1).map((sent) => (sent as unknown as { name: string }).name.slice(0, 2));
    expect(order).toEqual(['a1', 'b1', 'a2', 'b2', 'a3', 'b3']);
  });

  test('waiting subscriptions come before lagging topics', async () => {
    const { environment, outbox, socket } = setUp();
    expect(outbox.whenDrained()).toBeUndefined();
    socket.stuck = true;
    outbox.send(frame(1_500));
    outbox.offer(frame(10, '!'), backlogOf(Array.from({ length: 100 }, () => frame(1_100))));
    let entered = false;
    const entering = outbox.whenDrained()!.then(() => {
      entered = true;
      outbox.send(frame(100, 'newcomer'));
    });
    await environment.settle();
    expect(entered).toBe(false);
    socket.read(Infinity);
    await entering;
    await environment.settle();
    expect((socket.frames[1] as unknown as { name: string }).name).toMatch(/^newcomer/);
  });

  test('lagging topics continue after waiting subscriptions that sent nothing', async () => {
    const { environment, outbox, socket } = setUp();
    socket.stuck = true;
    outbox.send(frame(1_500));
    const backlog = backlogOf([frame(300)]);
    outbox.offer(frame(10, '!'), backlog);
    const waiting = outbox.whenDrained();
    await environment.settle();
    socket.read(Infinity);
    await waiting;
    await environment.settle();
    expect(backlog.pulls).toBe(2);
  });

  test('R18: the buffer of a reader that stopped reading stays bounded', async () => {
    const { environment, outbox, overflows, socket } = setUp({ stalledTimeout: 0 });
    socket.stuck = true;
    const backlog: TopicBacklog = { pull: () => [frame(400)] };
    let lagging = false;
    for (let publication = 0; publication < 1_000; publication++) {
      lagging ||= !outbox.offer(frame(400), backlog);
      await environment.settle();
      expect(outbox.bufferedBytes).toBeLessThan(MARKS.softMark + 500);
    }
    expect(lagging).toBe(true);
    expect(overflows).toEqual([]);
  });

  test('closes a reader that sends requests but does not read at the hard mark', () => {
    const { environment, outbox, overflows, socket } = setUp();
    socket.stuck = true;
    for (let answer = 0; answer < 20; answer++) {
      outbox.send(frame(500));
      environment.tick();
    }
    expect(overflows).toEqual(['hard-mark']);
    expect(socket.bufferedAmount).toBeLessThanOrEqual(MARKS.hardMark + 500);
  });

  test('a burst of answers in one tick does not close a reader that reads', () => {
    const { outbox, overflows, socket } = setUp();
    for (let answer = 0; answer < 20; answer++) outbox.send(frame(500));
    expect(overflows).toEqual([]);
    expect(socket.writes.length).toBeGreaterThan(0);
  });

  test('closes a reader without progress for the timeout, but not a slow one', async () => {
    const { connect, environment } = setUp();
    const [stopped, slow] = [connect(), connect()];
    for (const { outbox, socket } of [stopped, slow]) {
      socket.stuck = true;
      outbox.send(frame(900));
    }
    await environment.settle();
    for (let second = 0; second < 30; second++) {
      await environment.advance(1_000);
      slow.socket.read(10);
      if (second === 8) expect(stopped.overflows).toEqual([]);
    }
    expect(stopped.overflows).toEqual(['stalled']);
    expect(slow.overflows).toEqual([]);
    slow.socket.read(Infinity);
    await environment.advance(20_000);
    expect(slow.overflows).toEqual([]);
    expect(environment.timers).toBe(0);
  });

  test('R19: closes no reader right after the event loop was blocked', async () => {
    const { environment, outbox, overflows, socket } = setUp();
    socket.stuck = true;
    outbox.send(frame(900));
    await environment.settle();
    const { setTimer } = environment;
    const late: (() => void)[] = [];
    const setLateTimer = (callback: () => void) => {
      late.push(callback);
      return { cancel: () => undefined };
    };
    Object.assign(environment, { setTimer: setLateTimer });
    await environment.advance(60_000);
    expect(overflows).toEqual([]);
    Object.assign(environment, { setTimer });
    late.shift()!();
    expect(overflows).toEqual([]);
  });

  test('closes a reader whose next event is no longer in the history', async () => {
    const { environment, outbox, overflows, socket } = setUp();
    socket.stuck = true;
    outbox.send(frame(1_500));
    outbox.offer(frame(10, '!'), { pull: () => 'lost' });
    await environment.settle();
    socket.read(Infinity);
    expect(overflows).toEqual(['history']);
  });

  test('after an overflow nothing is written and no subscription waits', async () => {
    const { environment, outbox, overflows, socket } = setUp({ stalledTimeout: 1_000 });
    socket.stuck = true;
    outbox.send(frame(1_500));
    await environment.settle();
    const waiting = outbox.whenDrained()!;
    await environment.advance(2_000);
    await waiting;
    outbox.send({ type: 'ping' });
    expect(outbox.offer(frame(10, '!'), backlogOf([]))).toBe(true);
    expect(outbox.whenDrained()).toBeUndefined();
    await environment.settle();
    expect(overflows).toEqual(['stalled']);
    expect(socket.writes).toHaveLength(1);
  });

  test('close writes the pending frames and drops later ones', async () => {
    const { environment, outbox, socket } = setUp();
    outbox.send({ type: 'ping', time: 1 });
    outbox.close();
    outbox.send({ type: 'ping', time: 2 });
    await environment.settle();
    expect(socket.frames).toEqual([{ type: 'ping', time: 1 }]);
    expect(environment.timers).toBe(0);
  });

  test('marks of 0 mean no limit', async () => {
    const { environment, outbox, overflows, socket } = setUp({ softMark: 0, hardMark: 0, stalledTimeout: 0 });
    socket.stuck = true;
    for (let index = 0; index < 100; index++) expect(outbox.offer(frame(1_000), backlogOf([]))).toBe(true);
    outbox.send(frame(1_000));
    await environment.advance(100_000);
    expect(overflows).toEqual([]);
    expect(environment.timers).toBe(0);
  });
});
