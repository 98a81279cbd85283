import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';

import { now } from '../clock.js';
import { percentile } from '../percentile.js';
import { CuttableLink } from './cuttable-link.js';
import { msToFirstValue, type ReconnectingClient, socketIoClient, statewireClient } from './reconnecting-client.js';

/** Clients that start at a time. */
const AT_ONCE = 50;
const LOOK_EVERY_MS = 20;

export type Library = 'statewire' | 'socketIo';

export interface Seen {
  readonly received: number;
  /** Clients with an event since the reset, and when the last of them got its first one. */
  readonly reached: number;
  readonly lastReachedAt: number;
  readonly restarts: number;
  readonly p99: number;
}

/** The calls of the driver to the process that runs clients with the library of their arm. */
export interface ClientsRole {
  connect(command: { readonly library: Library; readonly port: number; readonly count: number }): Promise<void>;
  /** The same, each behind a link of its own. From now on each link is cut for `cutMs` in each `everyMs`, in turn. */
  connectWithCuts(command: {
    readonly library: Library;
    readonly port: number;
    readonly count: number;
    readonly everyMs: number;
    readonly cutMs: number;
  }): Promise<void>;
  /** No more cuts. */
  mend(): void;
  /** Resolves when so many clients have an event, and all together so many events, or after `withinMs`. */
  until(goal: { readonly reached: number; readonly received: number; readonly withinMs: number }): Promise<Seen>;
  reset(): void;
  /** Milliseconds until a client has the state, while WebSockets connect and get no answer. */
  startInBlackHole(command: { readonly port: number }): Promise<number>;
  close(): void;
}

const CONNECT = { statewire: statewireClient, socketIo: socketIoClient };

export function start(): ClientsRole {
  let clients: ReconnectingClient[] = [];
  let links: CuttableLink[] = [];
  const timers = new Set<NodeJS.Timeout>();

  const add = async (library: Library, ports: readonly number[]): Promise<void> => {
    for (let begun = 0; begun < ports.length; begun += AT_ONCE) {
      const batch = ports.slice(begun, begun + AT_ONCE).map((port) => CONNECT[library](port));
      clients.push(...batch);
      await Promise.all(batch.map(({ ready }) => ready));
    }
  };
  const seen = (): Seen => {
    const all = clients.map((client) => client.seen);
    const sum = (value: (one: (typeof all)[number]) => number): number =>
      all.reduce((total, one) => total + value(one), 0);
    return {
      received: sum((one) => one.received),
      reached: sum((one) => (one.firstAt > 0 ? 1 : 0)),
      lastReachedAt: Math.max(...all.map((one) => one.firstAt)),
      restarts: sum((one) => one.restarts),
      p99: percentile(
        all.flatMap(({ latencies }) => latencies),
        0.99,
      ),
    };
  };
  const cutInTurn = (link: CuttableLink, firstMs: number, everyMs: number, cutMs: number): void => {
    const later = (task: () => void, delayMs: number): void => {
      const timer = setTimeout(() => {
        timers.delete(timer);
        task();
      }, delayMs);
      timers.add(timer);
    };
    const cut = (): void => {
      link.cut();
      later(() => link.mend(), cutMs);
      later(cut, everyMs);
    };
    later(cut, firstMs);
  };

  return {
    connect: ({ library, port, count }) => add(library, Array<number>(count).fill(port)),
    connectWithCuts: async ({ library, port, count, everyMs, cutMs }) => {
      links = await Promise.all(Array.from({ length: count }, () => CuttableLink.to(port)));
      await add(
        library,
        links.map((link) => link.port),
      );
      for (const [index, link] of links.entries()) cutInTurn(link, (everyMs * index) / count, everyMs, cutMs);
    },
    mend: () => {
      for (const timer of timers) clearTimeout(timer);
      timers.clear();
      for (const link of links) link.mend();
    },
    until: async ({ reached, received, withinMs }) => {
      for (const began = now(); now() - began < withinMs; await wait(LOOK_EVERY_MS)) {
        const result = seen();
        if (result.reached >= reached && result.received >= received) return result;
      }
      return seen();
    },
    reset: () => {
      for (const { seen: one } of clients) {
        Object.assign(one, { restarts: 0, received: 0, firstAt: 0 });
        one.latencies.length = 0;
      }
    },
    startInBlackHole: async ({ port }) => {
      const hole = createServer().listen(0, '127.0.0.1');
      await once(hole, 'listening');
      const took = await msToFirstValue(port, (hole.address() as AddressInfo).port);
      hole.close();
      return took;
    },
    close: () => {
      for (const client of clients) client.close();
      for (const link of links) link.close();
      [clients, links] = [[], []];
    },
  };
}
