import type { Scenario } from '../scenario.js';
import { startPairs, stopPairs } from './reconnecting.js';

const CLIENTS = 100;
const CUTS = { everyMs: 15_000, cutMs: 2_000 };
const BURST = { perTick: 1, intervalMs: 100, textLength: 190 };
const TICKS = 160;
const WITHIN_MS = 10_000;

export const jitter: Scenario = {
  name: 'jitter',
  title: 'Jitter: each client is cut for 2 s in every 15 s',
  about:
    'Events go to 100 clients of each library 10 times a second, for 16 s. A cut ends the TCP connections of a client and refuses ' +
    'new ones. The latency runs from the time at which an event is due.',
  seconds: 22,
  prepare: async () => {
    const pairs = await startPairs(['statewire', 'socketIo']);
    return {
      round: async () => {
        const rows = await Promise.all(
          pairs.map(async ({ arm: { name: arm }, library, server, port, clients }) => {
            await clients.call('connectWithCuts', { library, port, count: CLIENTS, ...CUTS });
            await server.call('publishEvents', { ...BURST, ticks: TICKS });
            await clients.call('mend');
            const received = TICKS * CLIENTS;
            const seen = await clients.call('until', { reached: CLIENTS, received, withinMs: WITHIN_MS });
            return [
              { arm, metric: 'events delivered', unit: '%', value: (100 * seen.received) / received },
              { arm, metric: 'latency p99', unit: 'ms', value: seen.p99 },
              { arm, metric: 'connections that started anew', unit: '', value: seen.restarts },
            ];
          }),
        );
        return rows.flat();
      },
      close: () => stopPairs(pairs),
    };
  },
};
