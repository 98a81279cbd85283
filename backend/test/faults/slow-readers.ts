import { expect } from '@jest/globals';
import { createRealtimeClient, type RealtimeClient } from '@statewire/client';
import { filter, firstValueFrom } from 'rxjs';
import type { WebSocket } from 'ws';

import { BusyProcess } from '../support/busy/busy-process.js';
import { field, HEAVY, isGenuine } from '../support/busy/contract.js';
import { FaultProxy } from '../support/fault-proxy/index.js';
import { Oracle } from '../support/oracle/index.js';
import { RawSocket } from '../support/raw-socket.js';
import { until } from '../support/until.js';

const SLOW = 10;
const MIB = 2 ** 20;
/** Milliseconds between two values: fast enough to fill what the kernel holds for those who do not read. */
const PERIOD = 40;

export interface SlowReaders {
  /** Clients in all; ten of them are slow. */
  readonly clients: number;
  /** Milliseconds for which they are. */
  readonly duration: number;
  /** The server's `stalledTimeout`; 0: it never gives a reader up. */
  readonly stalledTimeout: number;
  /** Bytes that their line takes in a second. Default 0: nothing passes. */
  readonly line?: number;
}

/** The line to ten clients of a heavy topic takes little or nothing for a while; the others follow light topics. */
export async function holdSlowReaders({ clients, duration, stalledTimeout, line = 0 }: SlowReaders): Promise<void> {
  const server = await BusyProcess.start({
    world: { topics: 4, period: PERIOD, heavy: true },
    // A client that hears nothing for longer would give its socket up itself.
    realtime: { heartbeat: { interval: 30_000, timeout: 30_000 }, limits: { stalledTimeout } },
  });
  const proxy = await FaultProxy.start(server.port);
  const oracle = new Oracle({ isGenuine });
  const slow = Array.from({ length: SLOW }, (_, n) => new SlowReader(`slow ${n}`, proxy.origin, oracle));
  const others = Array.from({ length: clients - SLOW }, (_, n) => new Other(server.origin, String(n % 4)));
  try {
    await Promise.all([...slow.map((reader) => reader.live()), ...others.map((other) => other.follow())]);
    await pass(1_000);
    const usual = others.flatMap((other) => other.takeDelays());
    const before = await server.footprint();
    if (line === 0) proxy.hold('to-client');
    else proxy.weather = { bytesPerSecond: line };
    const received = slow.map(({ client }) => client.metrics.bytesReceived);
    let held = 0;
    for (let second = 0; second < duration / 1_000; second += 1) {
      await pass(1_000);
      const { heap, external } = await server.footprint();
      held = Math.max(held, heap + external - before.heap - before.external);
    }
    const meanwhile = others.flatMap((other) => other.takeDelays());
    proxy.heal();
    const areGivenUp = stalledTimeout > 0 && line === 0;
    if (areGivenUp) {
      const isBack = ({ client }: SlowReader): boolean => client.metrics.reconnects > 0;
      await until(
        () => slow.every(isBack),
        () => server.process.output.slice(-2_000),
        20_000,
      );
    }
    const tops = await server.rest();
    const converged = await oracle.converged(tops, 20_000);
    const closed = slow.map(({ closeCode }) => closeCode);
    const reconnects = slow.map(({ client }) => client.metrics.reconnects);
    const read = slow.reduce((sum, { client }, n) => sum + client.metrics.bytesReceived - received[n]!, 0) / MIB;
    process.stdout.write(
      `R18: ${held.toFixed(1)} MiB held for ${SLOW} slow readers of ${clients}, who read ${read.toFixed(0)} MiB since; ` +
        `closed with ${[...new Set(closed)].join()}; ` +
        `${slow.map(({ skipped }) => skipped).join()} skipped; others' median ${median(usual)} → ${median(meanwhile)} ms; ` +
        `converged in ${Math.round(converged)} ms\n`,
    );

    expect(oracle.violations).toEqual([]);
    expect(others.filter(({ holes }) => holes > 0)).toEqual([]);
    expect(held).toBeLessThan(SLOW * 1.25 + 8);
    // It was not the kernel that held all of it.
    expect(Math.min(...slow.map(({ skipped }) => skipped))).toBeGreaterThan(0);
    expect(reconnects).toEqual(slow.map(() => (areGivenUp ? 1 : 0)));
    expect(closed).toEqual(slow.map(() => (areGivenUp ? 4101 : undefined)));
    expect(median(meanwhile)).toBeLessThan(3 * median(usual) + 50);
    expect(meanwhile.length / usual.length).toBeGreaterThan(0.5 * (duration / 1_000));
  } finally {
    for (const { client } of slow) client.close();
    for (const other of others) other.close();
    await proxy.stop();
    server.process.destroy();
  }
}

class SlowReader {
  readonly client: RealtimeClient;
  /** Of the first socket that ended. */
  closeCode: number | undefined;
  #patches = 0;
  #ticks = 0;
  #tick = 0;

  constructor(who: string, origin: string, oracle: Oracle) {
    this.client = createRealtimeClient({
      origin,
      polling: { enabled: false },
      backoff: { overload: 100, cap: 300 },
      environment: {
        openWebSocket: (url, protocol) =>
          (oracle.openWebSocket(url, protocol) as WebSocket).once('close', (code) => (this.closeCode ??= code)),
      },
    });
    oracle.followState(who, this.client, field.with({ id: HEAVY }));
    this.client.state(field.with({ id: HEAVY })).subscribe(({ tick }) => {
      this.#patches += 1;
      if (this.#tick > 0) this.#ticks += tick - this.#tick;
      this.#tick = tick;
    });
  }

  /** Publications that it got together with others, because it was slow. */
  get skipped(): number {
    return this.#ticks - this.#patches;
  }

  async live(): Promise<void> {
    await firstValueFrom(this.client.status$.pipe(filter(({ state }) => state === 'live')));
    await firstValueFrom(this.client.state(field.with({ id: HEAVY })));
  }
}

/** A client of a light topic that measures how long everything takes to arrive. */
class Other {
  holes = 0;
  #delays: number[] = [];
  #offset = 0;
  readonly #socket: RawSocket;

  constructor(
    origin: string,
    readonly id: string,
  ) {
    this.#socket = new RawSocket(origin);
  }

  async follow(): Promise<void> {
    await this.#socket.open();
    const topic = field.with({ id: this.id }).name;
    this.#socket.send(
      { type: 'hello', clientId: 'a-client-id-of-this-test-0123' },
      { type: 'subscribe', topics: [{ topic }] },
    );
    await this.#socket.frame('snapshot');
    this.#socket.onFrame = (frame) => {
      if (frame.type === 'patch' && frame.from !== this.#offset && this.#offset > 0) this.holes += 1;
      if (frame.type !== 'patch' && frame.type !== 'snapshot') return;
      this.#offset = frame.offset;
      this.#delays.push(Math.max(0, Date.now() - (frame.time ?? 0)));
    };
  }

  takeDelays(): readonly number[] {
    const delays = this.#delays;
    this.#delays = [];
    return delays;
  }

  close(): void {
    this.#socket.close();
  }
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

function pass(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
