import { ARMS } from '../arms.js';
import { Fleet } from '../fleet.js';
import type { Measurement } from '../measurements.js';
import type { Scenario } from '../scenario.js';
import { shuffled } from '../statistics.js';

const CLIENTS = 1_000;
const INTERVAL_MS = 100;
const TICKS = 15;

export const latency: Scenario = {
  name: 'latency',
  title: 'Latency and bytes: a battle at 10 Hz',
  about:
    'A state of 5.5 KB changes 10 times a second for 1,000 clients. The latency runs from the time at which a change is due ' +
    'until a client has it.',
  base: ARMS.socketIo.name,
  seconds: 30,
  prepare: async (log) => {
    const { statewire, wsOnce, nestWs, nestSocketIo, socketIo, uws } = ARMS;
    const fleet = await Fleet.start([statewire, wsOnce, nestWs, nestSocketIo, socketIo, uws], log);
    await fleet.connect(CLIENTS, { timedEvery: 5, topics: ['battle'] });
    const all = async (): Promise<Measurement[]> => {
      const rows: Measurement[] = [];
      for (const member of shuffled(fleet.members)) {
        const metric = 'latency p99';
        const arm = member.arm.name;
        const run = await fleet.run(member, metric, (server) =>
          server.call('publishBattle', { ticks: TICKS, intervalMs: INTERVAL_MS }),
        );
        if (!run) continue;
        const { p50 = Number.NaN, p99 = Number.NaN, bytes } = run.report;
        rows.push(
          { arm, metric: 'latency p50', unit: 'ms', value: p50 },
          { arm, metric, unit: 'ms', value: p99 },
          { arm, metric: 'bytes per client and change', unit: 'B', value: bytes / CLIENTS / TICKS },
          { arm, metric: 'CPU per delivery', unit: 'µs', value: (run.user + run.system) / (CLIENTS * TICKS) },
        );
      }
      return rows;
    };
    await all();
    return { round: all, close: () => fleet.stop() };
  },
};
