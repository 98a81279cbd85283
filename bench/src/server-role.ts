import v8 from 'node:v8';

import { type BattleModel, createBattle, nextTick } from './battle-model.js';
import { onSchedule } from './schedule.js';
import type { BattleSize, BenchServer, ServerRole, SmallEvent, StartOptions } from './server-protocol.js';

const BACKLOG_EVERY_MS = 50;
const STRINGIFIED = 500;

const BATTLES: Readonly<Record<BattleSize, BattleModel>> = {
  '0.5 KB': createBattle(1, 0),
  '5.5 KB': createBattle(),
  '50 KB': createBattle(94, 12),
};

/** Starts the server of an arm, and drives it as all servers are driven. */
export async function start({
  arm,
  options,
}: {
  readonly arm: string;
  readonly options?: StartOptions;
}): Promise<ServerRole> {
  const { start: startServer } = (await import(`./servers/${arm}.server.js`)) as {
    start: (options?: StartOptions) => Promise<BenchServer>;
  };
  const server = await startServer(options);
  let sequence = 0;
  const battles = new Map(Object.entries(BATTLES));
  const event = (sentAt: number, text: string): SmallEvent => ({ sequence: (sequence += 1), sentAt, text });
  return {
    port: () => server.port,
    publishEvents: async ({ ticks, perTick, intervalMs, textLength }) => {
      const text = 'x'.repeat(textLength);
      await onSchedule(ticks, intervalMs, (dueAt) =>
        server.publishEvents(Array.from({ length: perTick }, () => event(dueAt, text))),
      );
      return { messages: ticks * perTick };
    },
    publishBattle: async ({ ticks, intervalMs, size = '5.5 KB' }) => {
      await onSchedule(ticks, intervalMs, (dueAt) => {
        const battle = nextTick(battles.get(size)!, dueAt);
        battles.set(size, battle);
        server.publishBattle!(battle);
      });
      return { messages: ticks };
    },
    stringifyCost: (size) => {
      const before = process.cpuUsage();
      for (let index = 0; index < STRINGIFIED; index += 1) JSON.stringify(battles.get(size));
      const { user, system } = process.cpuUsage(before);
      return (user + system) / STRINGIFIED;
    },
    publishRooms: async ({ rooms, each, textLength }) => {
      const text = 'x'.repeat(textLength);
      await onSchedule(rooms * each, 0, (dueAt, index) => server.publishRoom!(index % rooms, event(dueAt, text)));
      return { messages: rooms * each };
    },
    usage: () => ({ ...process.cpuUsage(), bytesWritten: server.bytesWritten() }),
    memory: memoryInUse,
    ...(server.cut && { cut: () => server.cut!() }),
    ...(server.backlog && { backlog: largestBacklog(server.backlog) }),
  };
}

/**
 * Bytes of the process's memory without the unused part of V8's heap. V8 grows its young generation with the first load,
 * by up to 12 MiB, so that resident memory alone shows how warm the process was before.
 */
function memoryInUse(): number {
  globalThis.gc?.();
  const resident = v8.getHeapSpaceStatistics().reduce((sum, space) => sum + space.physical_space_size, 0);
  const { rss, heapUsed } = process.memoryUsage();
  return rss - resident + heapUsed;
}

function largestBacklog(read: () => number): () => number {
  let largest = 0;
  setInterval(() => (largest = Math.max(largest, read())), BACKLOG_EVERY_MS).unref();
  return () => {
    const result = largest;
    largest = 0;
    return result;
  };
}
