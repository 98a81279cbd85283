import { describe, expect, test } from '@jest/globals';
import { VirtualEnvironment } from '@statewire/testing';

import { FakeFrameSocket } from '../../test/support/fake-frame-socket.js';
import { type EncodedFrame, encodeText } from './frame-encoder.js';
import { FlushScheduler, OutboxBudget } from './flush-scheduler.js';
import { Outbox } from './outbox.js';

const SHARE = 1_000;

function setUp(most: number, softMark = SHARE) {
  const environment = new VirtualEnvironment();
  const budget = new OutboxBudget(most, softMark);
  const scheduler = new FlushScheduler(environment, budget);
  const options = { softMark, hardMark: 0, stalledTimeout: 0, environment, scheduler };
  const connect = () => {
    const socket = new FakeFrameSocket();
    socket.stuck = true;
    const reader = { socket, gone: '', outbox: new Outbox(socket, options, (reason) => (reader.gone = reason)) };
    return reader;
  };
  return { environment, budget, connect };
}

/** A frame with exactly this number of bytes on the socket. */
function frame(size: number): EncodedFrame {
  return encodeText('x'.repeat(size - (size < 128 ? 2 : 4)));
}

describe('R18: the budget of all outboxes', () => {
  test('evicts the reader that lags the longest first, until the total is below the limit', () => {
    const { environment, budget, connect } = setUp(5_000);
    const readers = [connect(), connect(), connect()];
    for (const { outbox } of readers) {
      outbox.send(frame(1_500));
      environment.tick();
    }
    expect(budget.bytes).toBe(4_500);
    readers[2]!.outbox.send(frame(1_000));
    environment.tick();
    expect(readers.map(({ gone }) => gone)).toEqual(['total', '', '']);
    expect(budget.bytes).toBe(4_000);
    readers[2]!.outbox.send(frame(2_000));
    environment.tick();
    expect(readers.map(({ gone }) => gone)).toEqual(['total', 'total', '']);
    expect(budget.bytes).toBe(4_500);
  });

  test('orders readers by the start of their lag, regardless of later frames', () => {
    const { environment, connect } = setUp(5_000);
    const readers = [connect(), connect(), connect()];
    for (const { outbox } of readers) {
      outbox.send(frame(1_500));
      environment.tick();
    }
    readers[0]!.outbox.send(frame(200));
    environment.tick();
    readers[2]!.outbox.send(frame(600));
    environment.tick();
    expect(readers.map(({ gone }) => gone)).toEqual(['total', '', '']);
  });

  test('spares readers below the soft limit while others lag', () => {
    const { environment, connect } = setUp(3_000);
    const [patient, greedy] = [connect(), connect()];
    patient.outbox.send(frame(900));
    environment.tick();
    greedy.outbox.send(frame(2_500));
    environment.tick();
    expect([patient.gone, greedy.gone]).toEqual(['', 'total']);
  });

  test('evicts the reader with the oldest buffered bytes if no reader lags', () => {
    const { environment, budget, connect } = setUp(5_000);
    const readers = Array.from({ length: 10 }, connect);
    for (const { outbox } of readers) {
      outbox.send(frame(600));
      environment.tick();
    }
    expect(readers.map(({ gone }) => gone !== '')).toEqual([true, true, ...Array<boolean>(8).fill(false)]);
    expect(budget.bytes).toBe(4_800);
  });

  test('restarts the lag of a reader that caught up in between', () => {
    const { environment, budget, connect } = setUp(4_000);
    const [first, second, third] = [connect(), connect(), connect()];
    for (const { outbox } of [first, second]) {
      outbox.send(frame(1_200));
      environment.tick();
    }
    first.socket.read(Infinity);
    expect(budget.bytes).toBe(1_200);
    first.outbox.send(frame(1_200));
    environment.tick();
    third.outbox.send(frame(1_700));
    environment.tick();
    expect([first.gone, second.gone, third.gone]).toEqual(['', 'total', '']);
  });

  test('measures a reader again before it evicts it', () => {
    const { environment, budget, connect } = setUp(3_000);
    const [reading, stuck] = [connect(), connect()];
    for (const { outbox } of [reading, stuck]) {
      outbox.send(frame(1_400));
      environment.tick();
    }
    // The operating system has accepted the bytes, but the write has not ended.
    reading.socket.bufferedAmount = 100;
    stuck.outbox.send(frame(1_000));
    environment.tick();
    expect([reading.gone, stuck.gone]).toEqual(['', '']);
    expect(budget.bytes).toBe(2_500);
  });

  test('counts no bytes of closed readers and is 0 at the end', () => {
    const { environment, budget, connect } = setUp(0);
    const readers = [connect(), connect()];
    for (const { outbox } of readers) outbox.send(frame(5_000));
    environment.tick();
    expect(budget.bytes).toBe(10_000);
    for (const { outbox } of readers) outbox.close();
    expect(budget.bytes).toBe(0);
  });

  test('has no limit at 0, and every reader lags with a soft limit of 0', () => {
    const off = setUp(0);
    const reader = off.connect();
    for (let count = 0; count < 100; count += 1) reader.outbox.send(frame(50_000));
    off.environment.tick();
    expect(reader.gone).toBe('');
    const { environment, connect } = setUp(100, 0);
    const [first, second] = [connect(), connect()];
    for (const { outbox } of [first, second]) {
      outbox.send(frame(60));
      environment.tick();
    }
    expect([first.gone, second.gone]).toEqual(['total', '']);
  });
});
