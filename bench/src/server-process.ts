import { getHeapSpaceStatistics } from 'node:v8';

import 'reflect-metadata';

import { createBattle, nextTick } from './battle-model.js';
import { now } from './clock.js';
import type { BenchServer, Command, Reply } from './server-protocol.js';

const arm = process.argv[2] ?? '';
const { start } = (await import(`./servers/${arm}.server.js`)) as { start: () => Promise<BenchServer> };
const server = await start();

function reply(message: Reply): void {
  process.send?.(message);
}

/** Calls back on a fixed grid: a late tick does not move the following ones (open loop). */
function onGrid(times: number, interval: number, callback: (index: number) => void): Promise<void> {
  const began = now();
  return new Promise((resolve) => {
    let index = 0;
    const step = (): void => {
      while (index < times && now() >= began + index * interval) callback(index++);
      if (index === times) resolve();
      else setTimeout(step, Math.max(0, began + index * interval - now()));
    };
    step();
  });
}

async function carryOut(command: Command): Promise<void> {
  switch (command.type) {
    case 'publish-battle': {
      let battle = createBattle();
      await onGrid((command.duration * command.hz) / 1000, 1000 / command.hz, () => {
        battle = nextTick(battle, now());
        server.publishBattle(battle);
      });
      return reply({ type: 'done' });
    }
    case 'publish-events': {
      let sequence = 0;
      const text = 'x'.repeat(190);
      await onGrid(command.ticks, command.interval, () => {
        for (let index = 0; index < command.perTick; index += 1) {
          server.publishEvent({ sequence: sequence++, sentAt: now(), text });
        }
      });
      return reply({ type: 'done' });
    }
    case 'usage': {
      globalThis.gc?.();
      const { user, system } = process.cpuUsage();
      return reply({ type: 'usage', user, system, memory: memoryInUse() });
    }
    case 'stop':
      await server.close();
      process.exit(0);
  }
}

/**
 * Bytes of the process's memory without the unused part of V8's heap. V8 grows its young generation with the first load,
 * by up to 12 MiB, so that resident memory alone shows how warm the process was before.
 */
function memoryInUse(): number {
  const resident = getHeapSpaceStatistics().reduce((sum, space) => sum + space.physical_space_size, 0);
  const { rss, heapUsed } = process.memoryUsage();
  return rss - resident + heapUsed;
}

process.on('message', (command: Command) => {
  void carryOut(command);
});
reply({ type: 'listening', port: server.port });
