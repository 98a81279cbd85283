import { ARMS } from '../arms.js';
import { Fleet } from '../fleet.js';
import type { Scenario } from '../scenario.js';

const READERS = 990;
const SLOW = 10;
const BURST = { ticks: 15, perTick: 1, intervalMs: 100, textLength: 2_000 };
/** Fills the buffers of the operating system, which hold some MB for each slow reader. */
const FLOOD = { rooms: 1, each: 150, textLength: 60_000 };

export const slowReaders: Scenario = {
  name: 'slow-readers',
  title: 'Ten of 1,000 readers stop reading',
  about:
    'Events of 2 KB go to 990 readers 10 times a second, first alone and then beside ten connections that read nothing and get 9 MB each.',
  seconds: 10,
  prepare: async (log) => {
    const fleet = await Fleet.start([ARMS.statewire], log);
    const [member] = fleet.members;
    const { arm, server, port } = member!;
    await fleet.connect(READERS, { timedEvery: 3 });
    const p99 = async (): Promise<number> => {
      const send = (): Promise<{ messages: number }> => server.call('publishEvents', BURST);
      const run = await fleet.run(member!, 'latency p99', send, { hasOthers: true });
      return run?.report.p99 ?? Number.NaN;
    };
    await p99();
    return {
      round: async () => {
        const before = await p99();
        const group = 'slow';
        const topics = ['rooms/0', 'events'];
        await fleet.load.call('connect', { group, dialect: arm.dialect, port, count: SLOW, topics, timedEvery: 0 });
        await fleet.load.call('pause', { group, count: SLOW });
        await server.call('backlog');
        await server.call('publishRooms', FLOOD);
        const beside = await p99();
        const bytes = await server.call('backlog');
        await fleet.load.call('close', group);
        return [
          { arm: arm.name, metric: 'latency p99, alone', unit: 'ms', value: before },
          { arm: arm.name, metric: 'latency p99, beside slow readers', unit: 'ms', value: beside },
          { arm: arm.name, metric: 'latency p99, beside ÷ alone', unit: '×', value: beside / before },
          { arm: arm.name, metric: 'largest backlog of a slow reader', unit: 'KiB', value: bytes / SLOW / 1_024 },
        ];
      },
      close: () => fleet.stop(),
    };
  },
};
