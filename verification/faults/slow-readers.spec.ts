import { expect, it } from '@jest/globals';
import { createRealtimeClient, type RealtimeClient } from '@statewire/client';
import { filter, firstValueFrom } from 'rxjs';
import type { WebSocket } from 'ws';

import { BusyProcess } from './support/busy/busy-process.js';
import { field, HEAVY, isGenuine } from './support/busy/contract.js';
import { FaultProxy } from './support/fault-proxy/index.js';
import { Oracle } from './support/oracle/index.js';
import { RawSocket } from './support/raw-socket.js';
import { until } from './support/until.js';

const SLOW = 10;
const KIB = 2 ** 10;
/** Milliseconds between two values: short enough to fill the kernel buffers of readers that do not read. */
const PERIOD = 40;
/** Values that the other clients receive, at least, while the ten are slow. */
const MEANWHILE = 50;
/** The defaults of the server. The outbox of a connection exceeds the soft mark by at most one publication. */
const SOFT_MARK = 64 * KIB;
const MAX_PUBLICATION = 256 * KIB;

interface SlowReaders {
  /** The end of the ten readers, for the title. */
  readonly fate: string;
  /** Clients in all; ten of them are slow. */
  readonly clients: number;
  /** The server's `stalledTimeout`; 0: it never closes a slow reader. */
  readonly stalledTimeout: number;
  /** Bytes per second for the ten readers; 0: none. */
  readonly line: number;
}

const QUICK: readonly SlowReaders[] = [
  { fate: 'stop reading are closed with 4101 and resume', clients: 60, stalledTimeout: 1_500, line: 0 },
];
const LONG: readonly SlowReaders[] = [
  { fate: 'stop reading are closed with 4101 and resume', clients: 200, stalledTimeout: 3_000, line: 0 },
  { fate: 'stop reading and are kept converge to the newest state', clients: 200, stalledTimeout: 0, line: 0 },
  { fate: 'take 400 kB/s converge to the newest state', clients: 60, stalledTimeout: 60_000, line: 400_000 },
];
const TIER = process.env.STATEWIRE_TEST_TIER === 'full' ? [...QUICK, ...LONG] : QUICK;

/** Ten clients of a heavy topic read little or nothing for a while; the others follow light topics. */
it.each(TIER)(
  'R18: ten of $clients readers that $fate cost a bounded amount of memory, and the others miss nothing',
  async ({ clients, stalledTimeout, line }) => {
    const areClosed = stalledTimeout > 0 && line === 0;
    const server = await BusyProcess.start({
      world: { topics: 4, period: PERIOD, heavy: true },
      // No client gives up a socket of its own accord.
      realtime: {
        heartbeat: { intervalMs: 600_000, timeoutMs: 600_000 },
        limits: { timeouts: { stalledMs: stalledTimeout } },
      },
    });
    const proxy = await FaultProxy.start(server.port);
    const oracle = new Oracle({ isGenuine });
    const slow = Array.from({ length: SLOW }, (_, n) => new SlowReader(`slow ${n}`, proxy.origin, oracle));
    const others = Array.from({ length: clients - SLOW }, (_, n) => new Other(server.origin, String(n % 4)));
    try {
      await Promise.all([...slow.map((reader) => reader.live()), ...others.map((other) => other.follow())]);
      if (line === 0) proxy.blackhole('web-sockets', 'to-client');
      else proxy.conditions = { bytesPerSecond: line };
      for (const other of others) other.received = 0;
      let waiting = 0;
      let closed = 0;
      await until(
        async () => {
          const { gauges, counters } = await server.metrics();
          waiting = Math.max(waiting, gauges.outboxBytes);
          closed = counters.closes['4101'] ?? 0;
          const areSlow = areClosed ? closed === SLOW : counters.conflations >= SLOW;
          return areSlow && others.every(({ received }) => received >= MEANWHILE);
        },
        () => `${closed} are closed, ${waiting} bytes wait`,
      );
      proxy.restore();
      await until(
        () => !areClosed || slow.every(({ client }) => client.metrics.reconnects > 0),
        () => server.process.output.slice(-2_000),
      );
      await oracle.converged(await server.stopPublishing());

      expect(oracle.violations).toEqual([]);
      expect(others.filter(({ holes }) => holes > 0)).toEqual([]);
      expect(closed).toBe(areClosed ? SLOW : 0);
      expect(waiting).toBeLessThan(clients * (SOFT_MARK + MAX_PUBLICATION));
      // Not each of them: a conflation of one publication skips none.
      expect(slow.some(({ skipped }) => skipped > 0)).toBe(true);
      for (const reader of slow) {
        // A client that reads too late after the close finds the socket gone, and no code.
        expect(areClosed ? [4101, 1006] : [undefined]).toContain(reader.closeCode);
      }
    } finally {
      for (const { client } of slow) client.close();
      for (const other of others) other.close();
      await proxy.stop();
      server.process.destroy();
    }
  },
);

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
      backoff: { overloadMs: 100, maxMs: 300 },
      environment: {
        openWebSocket: (url, protocol) =>
          (oracle.openWebSocket(url, protocol) as WebSocket).once('close', (code) => (this.closeCode ??= code)),
      },
    });
    oracle.followState(who, this.client, field.with({ id: HEAVY }));
    this.client.state(field.with({ id: HEAVY })).subscribe(({ tick }) => {
      if (this.#tick > 0) {
        this.#patches += 1;
        this.#ticks += tick - this.#tick;
      }
      this.#tick = tick;
    });
  }

  /** Publications that arrived together with others. */
  get skipped(): number {
    return this.#ticks - this.#patches;
  }

  async live(): Promise<void> {
    await firstValueFrom(this.client.status$.pipe(filter(({ state }) => state === 'live')));
    await firstValueFrom(this.client.state(field.with({ id: HEAVY })));
  }
}

/** A client of a light topic. */
class Other {
  received = 0;
  holes = 0;
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
      this.received += 1;
    };
  }

  close(): void {
    this.#socket.close();
  }
}
