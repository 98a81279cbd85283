import { describe, expect, test } from '@jest/globals';

import { VirtualEnvironment, VirtualTimeoutError } from './virtual-environment.js';

describe('VirtualEnvironment', () => {
  test('runs timers in the order of their time, and equal ones in the order of their creation', async () => {
    const environment = new VirtualEnvironment();
    const ran: string[] = [];
    environment.setTimer(() => ran.push(`late at ${environment.monotonic()}`), 20);
    environment.setTimer(() => ran.push(`first at ${environment.monotonic()}`), 10);
    environment.setTimer(() => ran.push(`second at ${environment.monotonic()}`), 10);
    await environment.advance(15);
    expect(ran).toEqual(['first at 10', 'second at 10']);
    expect(environment.monotonic()).toBe(15);
    await environment.advance(5);
    expect(ran).toEqual(['first at 10', 'second at 10', 'late at 20']);
  });

  test('runs no timer that was cancelled', async () => {
    const environment = new VirtualEnvironment();
    let runs = 0;
    environment.setTimer(() => (runs += 1), 10).cancel();
    await environment.advance(20);
    expect([runs, environment.timers]).toEqual([0, 0]);
  });

  test('lets promises settle before a turn ends, as Node does', async () => {
    const environment = new VirtualEnvironment();
    const ran: string[] = [];
    environment.defer(() => ran.push('end of the turn'));
    void Promise.resolve().then(() => ran.push('promise'));
    await environment.settle();
    expect(ran).toEqual(['promise', 'end of the turn']);
  });

  test('moves both clocks together, until the wall clock is set', async () => {
    const environment = new VirtualEnvironment({ start: 1_000_000 });
    await environment.advance(250);
    expect([environment.now(), environment.monotonic()]).toEqual([1_000_250, 250]);
    environment.setWallClock(5_000);
    await environment.advance(10);
    expect([environment.now(), environment.monotonic()]).toEqual([5_010, 260]);
  });

  test('throws when time would go back', async () => {
    await expect(new VirtualEnvironment().advance(-1)).rejects.toThrow(RangeError);
  });

  test('stops at the first time when the condition holds', async () => {
    const environment = new VirtualEnvironment();
    let ticks = 0;
    const tick = (): void => {
      ticks += 1;
      environment.setTimer(tick, 100);
    };
    environment.setTimer(tick, 100);
    await environment.until(() => ticks === 3);
    expect(environment.monotonic()).toBe(300);
  });

  test('reports the actual state when a condition never holds', async () => {
    const environment = new VirtualEnvironment();
    const waiting = environment.until(
      () => false,
      500,
      () => 'the door is closed',
    );
    await expect(waiting).rejects.toThrow(VirtualTimeoutError);
    await expect(waiting).rejects.toThrow('500 ms of virtual time. Instead: the door is closed');
  });

  test('runs the timers of a sleep late and at once', async () => {
    const environment = new VirtualEnvironment();
    const ran: number[] = [];
    for (const delay of [10, 30, 20]) environment.setTimer(() => ran.push(delay), delay);
    await environment.sleep(1_000);
    expect(ran).toEqual([10, 20, 30]);
    expect(environment.monotonic()).toBe(1_000);
  });

  test('gives the same random numbers for the same seed, and others for another seed', () => {
    const draw = (seed: number): number[] => {
      const { random } = new VirtualEnvironment({ seed });
      return [random(), random(), random()];
    };
    expect(draw(7)).toEqual(draw(7));
    expect(draw(7)).not.toEqual(draw(8));
    for (const drawn of draw(7)) expect(drawn >= 0 && drawn < 1).toBe(true);
  });
});

describe('a forked process', () => {
  test('shares the time and has its own timers', async () => {
    const environment = new VirtualEnvironment();
    const process = environment.fork();
    process.setTimer(() => undefined, 50);
    environment.setTimer(() => undefined, 50);
    expect([process.timers, environment.timers]).toEqual([1, 2]);
    await environment.advance(50);
    expect([process.timers, process.monotonic()]).toEqual([0, 50]);
  });

  test('runs its timers late after a suspension, and others on time', async () => {
    const environment = new VirtualEnvironment();
    const process = environment.fork();
    const ran: string[] = [];
    process.setTimer(() => ran.push(`suspended at ${environment.monotonic()}`), 10);
    environment.setTimer(() => ran.push(`other at ${environment.monotonic()}`), 20);
    process.suspend(100);
    await environment.advance(200);
    expect(ran).toEqual(['other at 20', 'suspended at 100']);
  });

  test('runs no timer after kill()', async () => {
    const environment = new VirtualEnvironment();
    const process = environment.fork();
    let runs = 0;
    process.setTimer(() => (runs += 1), 10);
    process.kill();
    process.setTimer(() => (runs += 1), 10);
    await environment.advance(100);
    expect(runs).toBe(0);
  });

  test('notifies its listeners of a wake-up until they unsubscribe', () => {
    const process = new VirtualEnvironment().fork();
    const heard: string[] = [];
    const leave = process.onWake((cause) => heard.push(cause));
    process.wake('online');
    leave();
    process.wake('visible');
    expect([heard, process.wakeListeners]).toEqual([['online'], 0]);
  });
});
