import { ARMS } from '../arms.js';
import { Fleet } from '../fleet.js';
import type { Measurement } from '../measurements.js';
import type { Scenario } from '../scenario.js';
import { shuffled } from '../statistics.js';

const CLIENTS = 1_000;
/** With it an event has about 256 bytes. */
const TEXT_LENGTH = 190;
const PER_TICK = [1, 4, 8];
/** Events of a burst. */
const EVENTS = 24;
/** A tick starts this long after the one before, unless the server is still busy. */
const INTERVAL_MS = 12;

export const fanOut: Scenario = {
  name: 'fan-out',
  title: 'Fan-out: CPU of the server for one delivery',
  about:
    'One event of 256 bytes goes to 1,000 clients, in ticks of 1, 4 and 8 events. Statewire, raw net, the preframed `ws` ' +
    'and the loop in C write once per client and tick.',
  base: ARMS.wsOnce.name,
  seconds: 48,
  prepare: async (log) => {
    const fleet = await Fleet.start(Object.values(ARMS), log);
    await fleet.connect(CLIENTS);
    const burst = async (perTick: number): Promise<Measurement[]> => {
      const metric = `CPU per delivery, ${perTick} per tick`;
      const rows: Measurement[] = [];
      for (const member of shuffled(fleet.members)) {
        const run = await fleet.run(member, metric, (server) =>
          server.call('publishEvents', {
            ticks: EVENTS / perTick,
            perTick,
            intervalMs: INTERVAL_MS * Math.sqrt(perTick),
            textLength: TEXT_LENGTH,
          }),
        );
        if (!run) continue;
        const value = (run.user + run.system) / (EVENTS * CLIENTS);
        rows.push({ arm: member.arm.name, metric, unit: 'µs', value });
      }
      return rows;
    };
    const all = async (): Promise<Measurement[]> => {
      const rows: Measurement[] = [];
      for (const perTick of shuffled(PER_TICK)) rows.push(...(await burst(perTick)));
      return rows;
    };
    await burst(4);
    return { round: all, close: () => fleet.stop() };
  },
};
