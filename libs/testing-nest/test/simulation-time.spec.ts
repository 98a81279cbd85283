import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { action } from '@statewire/protocol';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

import { ActionData, OnAction, RealtimeHandlers, RealtimeModule } from '@statewire/nest';
import { simulate, type Simulation } from '../src/index.js';

const wait = action<number, number>('wait');
const explode = action<number, number>('explode');

@RealtimeHandlers()
class Handlers {
  @OnAction(wait)
  async wait(@ActionData() ms: number): Promise<number> {
    return await promisify(setTimeout)(ms, 7);
  }

  @OnAction(explode)
  async explode(@ActionData() ms: number): Promise<number> {
    setTimeout(() => {
      throw new Error('boom');
    }, ms);
    await new Promise((resolve) => setTimeout(resolve, 2 * ms));
    return ms;
  }
}

let simulation: Simulation;

async function start(...providers: (new () => object)[]): Promise<void> {
  simulation = await simulate({ imports: [RealtimeModule.forRoot()], providers: [Handlers, ...providers], seed: 1 });
}

afterEach(() => simulation.close());

describe('virtual time of an application', () => {
  test('advances for a promisified setTimeout', async () => {
    await start();
    const client = simulation.connect();
    await client.live();
    const began = simulation.clock.monotonic();
    expect(await client.act(wait, 500)).toBe(7);
    expect(simulation.clock.monotonic() - began).toBeCloseTo(520, 0);
  });

  test('rethrows the error of a timer to the waiting call, and continues', async () => {
    await start();
    const client = simulation.connect();
    await client.live();
    const began = simulation.clock.monotonic();
    await expect(client.act(explode, 50)).rejects.toThrow(/^boom$/);
    expect(simulation.clock.monotonic() - began).toBeLessThan(100);
    expect(await client.act(wait, 1)).toBe(7);
  });

  test('allows close() while an action waits for a timer that threw', async () => {
    await start();
    const client = simulation.connect();
    await expect(client.act(explode, 50)).rejects.toThrow(/^boom$/);
    await simulation.close();
    expect(simulation.server.isUp).toBe(false);
  });
});

describe('virtual time of a start', () => {
  const ticks = jest.fn();

  class Ticking {
    constructor() {
      setInterval(ticks, 1_000);
    }
  }

  class Reading {
    async onModuleInit(): Promise<void> {
      await readFile(import.meta.filename);
    }
  }

  class Retrying {
    async onModuleInit(): Promise<void> {
      await new Promise((resolve) => setTimeout(resolve, 2_000));
    }
  }

  test('does not advance while the application reads a file, even with an interval', async () => {
    await start(Ticking, Reading);
    expect(simulation.clock.monotonic()).toBe(0);
    expect(ticks).not.toHaveBeenCalled();
  });

  test('advances to the timer that the start waits for, and no further', async () => {
    await start(Ticking, Retrying);
    expect(simulation.clock.monotonic()).toBe(2_000);
  });
});

describe('a simulation', () => {
  test('waits 60 s for a condition, and reports the condition and the actual state', async () => {
    await start();
    await simulation.connect().live();
    const never = new Promise<void>(() => undefined);
    const began = simulation.clock.monotonic();
    await expect(simulation.outcome(never, 'the report')).rejects.toThrow(
      /^Waited 60000 ms of virtual time for the report \(server up, client 1 live; seed 1: STATEWIRE_SEED=1 /,
    );
    expect(simulation.clock.monotonic() - began).toBe(60_000);
    let count = 3;
    const what = (): string => `five of them; there are ${count}`;
    await expect(simulation.until(() => (count += 1) > 1e6, what, 10)).rejects.toThrow(
      /five of them; there are \d+ \(/,
    );
  });

  test.each([Number.NaN, -1, Infinity])('does not advance by %d ms', async (ms) => {
    await start();
    await expect(simulation.clock.advance(ms)).rejects.toThrow(RangeError);
    expect(simulation.clock.monotonic()).toBe(0);
  });

  test('rejects a restart during another one', async () => {
    await start();
    const first = simulation.server.restart();
    await expect(simulation.server.restart()).rejects.toThrow(/`restart\(\)` of the server is under way/);
    await expect(simulation.server.stop()).rejects.toThrow(/`restart\(\)` of the server is under way/);
    await first;
    expect(simulation.server.isUp).toBe(true);
  });

  test('rejects calls after it is closed', async () => {
    await start();
    await simulation.close();
    expect(() => simulation.connect()).toThrow('This simulation is closed');
    await expect(simulation.clock.advance(1)).rejects.toThrow('This simulation is closed');
    await expect(simulation.until(() => true)).rejects.toThrow('This simulation is closed');
    await expect(simulation.outcome(Promise.resolve())).rejects.toThrow('This simulation is closed');
  });
});

describe('a freeze', () => {
  test('that was restored does not prolong the next one', async () => {
    await start();
    const client = simulation.connect();
    await client.live();
    client.network.freeze(5_000);
    await simulation.clock.advance(100);
    client.network.restore();
    client.network.freeze(200);
    const began = simulation.clock.monotonic();
    await client.act(wait, 1);
    expect(simulation.clock.monotonic() - began).toBeLessThan(300);
  });

  test('of all clients applies to later clients for its remaining time', async () => {
    await start();
    simulation.network.freeze(1_000);
    await simulation.clock.advance(400);
    const began = simulation.clock.monotonic();
    await simulation.connect().live();
    const took = simulation.clock.monotonic() - began;
    expect(took).toBeGreaterThan(600);
    expect(took).toBeLessThan(800);
    await simulation.connect().live(200);
  });
});
