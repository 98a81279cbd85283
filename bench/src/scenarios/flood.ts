import { LIMITED_STATEWIRE } from '../arms.js';
import { Fleet } from '../fleet.js';
import type { Scenario } from '../scenario.js';

const READERS = 990;
const FLOODERS = 10;
const BURST = { ticks: 12, perTick: 1, intervalMs: 100, textLength: 2_000 };
const PING = '{"type":"ping"}';

export const flood: Scenario = {
  name: 'flood',
  title: 'Ten of 1,000 clients flood the server',
  about:
    'Events of 2 KB go to 990 readers 10 times a second, first alone and then beside ten clients that send 4,000 pings a second each.',
  seconds: 10,
  prepare: async (log) => {
    const fleet = await Fleet.start([LIMITED_STATEWIRE], log);
    const [member] = fleet.members;
    const { arm, port } = member!;
    await fleet.connect(READERS, { timedEvery: 3 });
    const p99 = async (): Promise<number> => {
      const run = await fleet.run(member!, 'latency p99', (server) => server.call('publishEvents', BURST), {
        hasOthers: true,
      });
      return run?.report.p99 ?? Number.NaN;
    };
    await p99();
    return {
      round: async () => {
        const alone = await p99();
        const group = 'flooders';
        await fleet.load.call('connect', {
          group,
          dialect: arm.dialect,
          port,
          count: FLOODERS,
          topics: [],
          timedEvery: 0,
        });
        const flooding = fleet.load.call('flood', { group, text: PING, forMs: BURST.ticks * BURST.intervalMs });
        const beside = await p99();
        await flooding;
        await fleet.load.call('close', group);
        return [
          { arm: arm.name, metric: 'latency p99, alone', unit: 'ms', value: alone },
          { arm: arm.name, metric: 'latency p99, beside a flood', unit: 'ms', value: beside },
          { arm: arm.name, metric: 'latency p99, beside ÷ alone', unit: '×', value: beside / alone },
        ];
      },
      close: () => fleet.stop(),
    };
  },
};
