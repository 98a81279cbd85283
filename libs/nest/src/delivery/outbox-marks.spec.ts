import { describe, expect, test } from '@jest/globals';
import { VirtualEnvironment } from '@statewire/testing';

import { FakeFrameSocket } from '../../test/support/fake-frame-socket.js';
import { Counters, FRAME_KINDS } from '../core/counters.js';
import { type EncodedFrame, encodeText } from './frame-encoder.js';
import { FlushScheduler, OutboxBudget } from './flush-scheduler.js';
import { Outbox, type OutboxOptions, type OverflowReason } from './outbox.js';

const NOTHING = { pull: () => [] };

/** A reader that has stopped reading. */
function setUp(options: Partial<OutboxOptions> = {}) {
  const environment = new VirtualEnvironment();
  const budget = new OutboxBudget(0, 0);
  const socket = new FakeFrameSocket();
  socket.stuck = true;
  const overflows: OverflowReason[] = [];
  const scheduler = new FlushScheduler(environment, budget);
  const outbox = new Outbox(
    socket,
    { softMark: 0, hardMark: 0, stalledTimeout: 0, environment, scheduler, ...options },
    (reason) => overflows.push(reason),
  );
  return { budget, environment, outbox, overflows, socket };
}

/** A frame with exactly this number of bytes on the socket. */
function frame(size: number): EncodedFrame {
  return encodeText('x'.repeat(size - (size < 128 ? 2 : 4)));
}

describe('the soft mark', () => {
  test('accepts frames below it, pending or written', () => {
    const { outbox } = setUp({ softMark: 500 });
    outbox.send(frame(499));
    expect(outbox.whenDrained()).toBeUndefined();
    outbox.flush();
    expect(outbox.whenDrained()).toBeUndefined();
    expect(outbox.offer(frame(10), NOTHING)).toBe(true);
    expect(outbox.offer(frame(10), NOTHING)).toBe(false);
  });

  test('can be a single byte', () => {
    const { outbox } = setUp({ softMark: 1 });
    expect(outbox.offer(frame(10), NOTHING)).toBe(true);
    expect(outbox.offer(frame(10), NOTHING)).toBe(false);
  });

  test('holds frames back at exactly its value', () => {
    const { outbox } = setUp({ softMark: 500 });
    outbox.send(frame(500));
    expect(outbox.offer(frame(10), NOTHING)).toBe(false);
    expect(outbox.whenDrained()).toBeDefined();
  });

  test('pauses the catch-up of a reader until it reads', async () => {
    const { environment, outbox, socket } = setUp({ softMark: 500 });
    outbox.send(frame(500));
    let pulls = 0;
    outbox.offer(frame(10), { pull: () => ((pulls += 1) <= 20 ? [frame(200)] : []) });
    await environment.settle();
    expect(pulls).toBe(0);
    for (const most of [3, 6, 9]) {
      socket.read(Infinity);
      await environment.settle();
      expect(pulls).toBe(most);
      expect(outbox.bufferedBytes).toBe(600);
    }
  });

  test('resumes all waiting subscriptions in their order', async () => {
    const { environment, outbox, socket } = setUp({ softMark: 500 });
    outbox.send(frame(500));
    await environment.settle();
    const entered: string[] = [];
    for (const name of ['first', 'second']) void outbox.whenDrained()!.then(() => entered.push(name));
    socket.read(1);
    await environment.settle();
    expect(entered).toEqual([]);
    socket.read(Infinity);
    await environment.settle();
    expect(entered).toEqual(['first', 'second']);
  });
});

describe('the hard mark', () => {
  test('closes a reader only above its value', () => {
    const patient = setUp({ hardMark: 500 });
    patient.outbox.send(frame(500));
    expect(patient.overflows).toEqual([]);
    const over = setUp({ hardMark: 500 });
    over.outbox.send(frame(501));
    expect(over.overflows).toEqual(['hard-mark']);
  });

  test('can be a single byte', () => {
    const { outbox, overflows } = setUp({ hardMark: 1 });
    outbox.send(frame(2));
    expect(overflows).toEqual(['hard-mark']);
  });
});

describe('the stall watch of a reader', () => {
  test('does not end a reader that keeps up', async () => {
    const { environment, outbox, overflows, socket } = setUp({ stalledTimeout: 4_000 });
    outbox.send(frame(900));
    await environment.settle();
    for (let second = 0; second < 20; second++) {
      await environment.advance(1_000);
      outbox.send(frame(300));
      await environment.settle();
      socket.read(300);
      expect(socket.bufferedAmount).toBe(900);
    }
    expect(overflows).toEqual([]);
    await environment.advance(5_000);
    expect(overflows).toEqual(['stalled']);
  });

  test('has one timer, and none without buffered bytes or after the end', async () => {
    const { environment, outbox, socket } = setUp({ stalledTimeout: 4_000 });
    for (let write = 0; write < 3; write++) {
      outbox.send(frame(100));
      environment.tick();
      expect(environment.timers).toBe(1);
    }
    outbox.close();
    expect(environment.timers).toBe(0);
    const quick = setUp({ stalledTimeout: 4_000 });
    quick.socket.stuck = false;
    quick.outbox.send(frame(100));
    await quick.environment.settle();
    expect(quick.environment.timers).toBe(0);
    expect(socket.bufferedAmount).toBe(300);
  });
});

describe('a closed reader', () => {
  test('counts no bytes, even if the socket reports its writes later', () => {
    const { budget, environment, outbox, socket } = setUp();
    for (const size of [400, 600]) {
      outbox.send(frame(size));
      environment.tick();
    }
    expect(budget.bytes).toBe(1_000);
    outbox.close();
    socket.read(400);
    expect(budget.bytes).toBe(0);
  });

  test('buffers only the written bytes', () => {
    const { environment, outbox, overflows, socket } = setUp();
    outbox.send(frame(400));
    environment.tick();
    outbox.send(frame(100));
    expect(outbox.bufferedBytes).toBe(500);
    outbox.evict();
    expect(overflows).toEqual(['total']);
    expect(outbox.bufferedBytes).toBe(400);
    environment.tick();
    expect(socket.writes).toHaveLength(1);
  });
});

describe('the counters', () => {
  test('count frames by kind, errors by code, and conflations', () => {
    const counters = new Counters();
    const { outbox } = setUp({ softMark: 1_000, counters });
    for (const kind of [FRAME_KINDS.patch, FRAME_KINDS.patch, FRAME_KINDS.event, FRAME_KINDS.snapshot]) {
      outbox.offer(encodeText('{}', kind), NOTHING);
    }
    outbox.send({ type: 'ping' });
    for (const code of ['internal', 'forbidden', 'forbidden'] as const) {
      outbox.send({ type: 'error', code, message: 'No.', temporary: false });
    }
    expect(counters.sent).toEqual([4, 1, 2, 1]);
    expect(counters.errorsSent.toRecord()).toEqual({ internal: 1, forbidden: 2 });
    expect(counters.conflations).toBe(0);
    outbox.send(frame(1_000));
    for (let time = 0; time < 2; time++) outbox.offer(encodeText('{}', FRAME_KINDS.patch), NOTHING);
    expect(counters.conflations).toBe(2);
    expect(counters.sent).toEqual([5, 1, 2, 1]);
  });

  test('count nothing after the end', () => {
    const counters = new Counters();
    const { outbox } = setUp({ counters });
    outbox.close();
    outbox.send({ type: 'error', code: 'internal', message: 'No.', temporary: true });
    expect(counters.sent).toEqual([0, 0, 0, 0]);
    expect(counters.errorsSent.toRecord()).toEqual({});
  });
});
