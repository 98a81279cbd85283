import { ARMS } from '../arms.js';
import { Fleet, type Member } from '../fleet.js';
import type { Measurement } from '../measurements.js';
import type { Scenario } from '../scenario.js';
import { shuffled } from '../statistics.js';

const CLIENTS = 1_000;
const TEXT_LENGTH = 190;
const MAX_P99_MS = 100;
const STEP_MS = 800;
const FIRST_RATE = 20;
const COARSE = 1.4;
const FINE = 1.12;

export const saturation: Scenario = {
  name: 'saturation',
  title: 'Saturation, and latency at half of it',
  about:
    'Events of 256 bytes go to 1,000 clients at a rising rate, one per tick. Saturation is the highest rate at which the p99 ' +
    'stays below 100 ms. Afterwards each arm runs at half of its own rate.',
  base: ARMS.wsOnce.name,
  seconds: 45,
  prepare: async (log) => {
    const { statewire, wsOnce, nestWs, socketIo, uws } = ARMS;
    const fleet = await Fleet.start([statewire, wsOnce, nestWs, socketIo, uws], log);
    await fleet.connect(CLIENTS, { timedEvery: 10 });
    const found = new Map<Member, number>();
    const at = async (member: Member, rate: number): Promise<{ p50: number; p99: number } | undefined> => {
      const ticks = Math.max(10, Math.round((rate * STEP_MS) / 1_000));
      const run = await fleet.run(member, `${Math.round(rate)} a second`, (server) =>
        server.call('publishEvents', { ticks, perTick: 1, intervalMs: 1_000 / rate, textLength: TEXT_LENGTH }),
      );
      return run && { p50: run.report.p50!, p99: run.report.p99! };
    };
    /** A second try, because one pause of the machine is enough for a high p99. */
    const holds = async (member: Member, rate: number): Promise<boolean> => {
      const isFast = async (): Promise<boolean> =>
        ((await at(member, rate))?.p99 ?? Number.POSITIVE_INFINITY) < MAX_P99_MS;
      return (await isFast()) || isFast();
    };
    const search = async (member: Member): Promise<number> => {
      // A later round starts near the rate of the one before.
      let rate = (found.get(member) ?? FIRST_RATE * COARSE * FINE) / COARSE / FINE;
      let highest = 0;
      for (const factor of [COARSE, FINE]) {
        while (await holds(member, rate)) {
          highest = rate;
          rate *= factor;
        }
        rate = (highest || rate / COARSE) * FINE;
      }
      found.set(member, highest);
      return highest;
    };
    const round = async (): Promise<Measurement[]> => {
      const rows: Measurement[] = [];
      for (const member of shuffled(fleet.members)) {
        const arm = member.arm.name;
        const rate = await search(member);
        if (rate === 0) {
          log.discard(arm, 'saturation', `the p99 was above ${MAX_P99_MS} ms at the lowest rate`);
          continue;
        }
        rows.push({ arm, metric: 'saturation', unit: 'events/s', value: rate });
        const half = await at(member, rate / 2);
        if (!half) continue;
        rows.push(
          { arm, metric: 'latency p50 at half', unit: 'ms', value: half.p50 },
          { arm, metric: 'latency p99 at half', unit: 'ms', value: half.p99 },
        );
      }
      return rows;
    };
    return { round, close: () => fleet.stop() };
  },
};
