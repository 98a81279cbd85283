import { setTimeout as wait } from 'node:timers/promises';

import { now } from '../clock.js';
import { percentile } from '../percentile.js';
import type { Traffic } from '../validation.js';
import { clientFrame } from '../websocket-frame.js';
import { DIALECTS, type Dialect, type DialectName } from './dialects.js';
import { LoadClient, type Tally } from './load-client.js';

/** Connections that are opened at a time. */
const AT_ONCE = 100;
/** A run whose messages do not arrive any more is over. */
const QUIET_MS = 1_000;
const LOOK_EVERY_MS = 2;
const FLOOD_FRAMES = 20;
const FLOOD_EVERY_MS = 5;

export interface ConnectCommand {
  /** A name for the clients. More can join them later. */
  readonly group: string;
  readonly dialect: DialectName;
  readonly port: number;
  readonly count: number;
  readonly topics: readonly string[];
  /** Every how-many-th client reads the time in each message. 0: none. */
  readonly timedEvery: number;
}

export interface LoadReport extends Traffic {
  /** Milliseconds; missing without timed clients. */
  readonly p50?: number;
  readonly p99?: number;
  /** Bytes since the clients connected. */
  readonly allBytes: number;
  /** CPU of the load process since the reset, in ms, and the time that passed. */
  readonly cpuMs: number;
  readonly wallMs: number;
}

/** The calls of the driver to the process that makes the load. */
export interface LoadRole {
  connect(command: ConnectCommand): Promise<void>;
  /** Starts to count anew. */
  reset(group: string): void;
  /** Resolves when all clients together have so many messages, or when nothing has arrived for a while. */
  received(expected: { readonly group: string; readonly messages: number }): Promise<LoadReport>;
  /** Every client asks `each` questions, one after another. Resolves with milliseconds. */
  ask(command: { readonly group: string; readonly name: string; readonly each: number }): Promise<number>;
  /** The first `count` clients read nothing any more. */
  pause(command: { readonly group: string; readonly count: number }): void;
  /** Sends frames of the protocol as fast as the server may never read them, for `forMs`. */
  flood(command: { readonly group: string; readonly text: string; readonly forMs: number }): Promise<void>;
  close(group: string): void;
}

interface Group {
  readonly clients: LoadClient[];
  readonly tally: Tally;
  bytesAtReset: number;
  resetAt: number;
  cpu: NodeJS.CpuUsage;
}

export function start(): LoadRole {
  const groups = new Map<string, Group>();
  let clients = 0;

  const groupOf = (name: string): Group => {
    const group = groups.get(name) ?? {
      clients: [],
      tally: { messages: 0, bytes: 0, latencies: [] },
      bytesAtReset: 0,
      resetAt: now(),
      cpu: process.cpuUsage(),
    };
    groups.set(name, group);
    return group;
  };

  const report = ({ tally, bytesAtReset, resetAt, cpu }: Group): LoadReport => {
    const { user, system } = process.cpuUsage(cpu);
    const { messages, bytes, latencies } = tally;
    return {
      messages,
      bytes: bytes - bytesAtReset,
      allBytes: bytes,
      cpuMs: (user + system) / 1_000,
      wallMs: now() - resetAt,
      ...(latencies.length > 0 && { p50: percentile(latencies, 0.5), p99: percentile(latencies, 0.99) }),
    };
  };

  return {
    connect: async ({ group: name, dialect, port, count, topics, timedEvery }) => {
      const group = groupOf(name);
      for (let opened = 0; opened < count; opened += AT_ONCE) {
        const batch = Array.from({ length: Math.min(AT_ONCE, count - opened) }, (_, index) => {
          const isTimed = timedEvery > 0 && (opened + index) % timedEvery === 0;
          const options = { dialect: DIALECTS[dialect] as Dialect, port, topics, index: (clients += 1), isTimed };
          return new LoadClient({ ...options, tally: group.tally });
        });
        await Promise.all(batch.map(({ ready }) => ready));
        group.clients.push(...batch);
      }
    },
    reset: (name) => {
      const group = groupOf(name);
      group.tally.messages = 0;
      group.bytesAtReset = group.tally.bytes;
      group.tally.latencies.length = 0;
      group.resetAt = now();
      group.cpu = process.cpuUsage();
    },
    received: ({ group: name, messages }) => {
      const group = groupOf(name);
      let last = -1;
      let changedAt = now();
      return new Promise((resolve) => {
        const look = (): void => {
          if (group.tally.messages !== last) [last, changedAt] = [group.tally.messages, now()];
          if (last >= messages || now() - changedAt > QUIET_MS) return resolve(report(group));
          setTimeout(look, LOOK_EVERY_MS);
        };
        look();
      });
    },
    ask: async ({ group, name, each }) => {
      const began = now();
      await Promise.all(groupOf(group).clients.map((client) => client.ask(name, each)));
      return now() - began;
    },
    pause: ({ group, count }) => {
      for (const client of groupOf(group).clients.slice(0, count)) client.pause();
    },
    flood: async ({ group, text, forMs }) => {
      const frames = Buffer.concat(Array<Buffer>(FLOOD_FRAMES).fill(clientFrame(text)));
      const flooding = setInterval(() => {
        for (const client of groupOf(group).clients) client.send(frames);
      }, FLOOD_EVERY_MS);
      await wait(forMs);
      clearInterval(flooding);
    },
    close: (name) => {
      for (const client of groupOf(name).clients) client.close();
      groups.delete(name);
    },
  };
}
