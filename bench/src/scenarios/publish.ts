import { ARMS } from '../arms.js';
import { Fleet, type Member } from '../fleet.js';
import type { Measurement } from '../measurements.js';
import type { Scenario } from '../scenario.js';
import type { BattleSize } from '../server-protocol.js';
import { shuffled } from '../statistics.js';

const SIZES: readonly BattleSize[] = ['0.5 KB', '5.5 KB', '50 KB'];
const READERS = [0, 1, 3, 1_000];

export const publish: Scenario = {
  name: 'publish',
  title: 'Publishing: CPU of the server for one publication',
  about:
    'A battle in which two combatants changed is published as an immutable update, to 0, 1, 3 and 1,000 readers. The unit is the CPU of ' +
    'one `JSON.stringify` of the value in the same process, and the deliveries are part of the cost.',
  base: ARMS.wsOnce.name,
  seconds: 25,
  prepare: async (log) => {
    const fleet = await Fleet.start([ARMS.statewire, ARMS.wsOnce, ARMS.socketIo], log);
    const measure = async (member: Member, size: BattleSize, readers: number): Promise<Measurement[]> => {
      const metric = `${size}, ${readers} ${readers === 1 ? 'reader' : 'readers'}`;
      // A thousand readers of 50 KB get 50 MB for each publication.
      const ticks = readers < 1_000 ? (size === '50 KB' ? 300 : 1_000) : size === '50 KB' ? 3 : 10;
      const burst = { ticks, intervalMs: 0, size };
      await member.server.call('publishBattle', { ...burst, ticks: Math.min(30, ticks) });
      const cost = await member.server.call('stringifyCost', size);
      const run = await fleet.run(member, metric, (server) => server.call('publishBattle', burst));
      if (!run) return [];
      const value = (run.user + run.system) / ticks / cost;
      return [{ arm: member.arm.name, metric, unit: '× JSON.stringify', value }];
    };
    return {
      round: async () => {
        const rows: Measurement[] = [];
        for (const readers of READERS) {
          for (const member of shuffled(fleet.members)) {
            await fleet.connectTo(member, readers - member.clients, { topics: ['battle'] });
            for (const size of shuffled(SIZES)) rows.push(...(await measure(member, size, readers)));
          }
        }
        for (const member of fleet.members) await fleet.disconnect(member);
        return rows;
      },
      close: () => fleet.stop(),
    };
  },
};
