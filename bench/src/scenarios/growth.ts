import { ARMS } from '../arms.js';
import { Fleet } from '../fleet.js';
import type { Measurement } from '../measurements.js';
import type { Scenario } from '../scenario.js';
import { maxClients } from '../file-limit.js';
import { shuffled } from '../statistics.js';

const CLIENTS = [100, 300, 1_000, 3_000, 10_000];
/** Each size gets about so many deliveries, so that all take as long. */
const DELIVERIES = 40_000;
const ROOMS = [1, 10, 100, 1_000];
const READERS = 3;
const PUBLICATIONS = 3_000;
const TEXT_LENGTH = 190;
const INTERVAL_MS = 4;

export const growth: Scenario = {
  name: 'growth',
  title: 'Growth: from 100 to 10,000 clients, and from 1 to 1,000 topics',
  about:
    'CPU for one delivery of an event of 256 bytes with more and more clients of one topic, and CPU for one publication with ' +
    'more and more topics of three readers each.',
  seconds: 36,
  prepare: async (log) => ({
    round: async () => [...(await clients(log)), ...(await topics(log))],
    close: async () => undefined,
  }),
};

async function clients(log: Parameters<Scenario['prepare']>[0]): Promise<Measurement[]> {
  const rows: Measurement[] = [];
  const fleet = await Fleet.start([ARMS.statewire, ARMS.wsOnce, ARMS.socketIo], log);
  try {
    for (const member of shuffled(fleet.members)) {
      for (const count of CLIENTS.filter((one) => one <= maxClients(log, member.arm.name, one))) {
        await fleet.connectTo(member, count - member.clients);
        const metric = `CPU per delivery, ${count} clients`;
        const ticks = Math.max(4, Math.round(DELIVERIES / count));
        const burst = { ticks, perTick: 1, intervalMs: INTERVAL_MS, textLength: TEXT_LENGTH };
        if (count === CLIENTS[0]) await fleet.run(member, metric, (server) => server.call('publishEvents', burst));
        const run = await fleet.run(member, metric, (server) => server.call('publishEvents', burst));
        if (!run) continue;
        const value = (run.user + run.system) / (ticks * count);
        rows.push({ arm: member.arm.name, metric, unit: 'µs', value });
      }
      await fleet.disconnect(member);
    }
    return rows;
  } finally {
    await fleet.stop();
  }
}

async function topics(log: Parameters<Scenario['prepare']>[0]): Promise<Measurement[]> {
  const rows: Measurement[] = [];
  for (const rooms of ROOMS) {
    const fleet = await Fleet.start([ARMS.statewire], log);
    try {
      const [member] = fleet.members;
      for (let room = 0; room < rooms; room += 1) {
        await fleet.connectTo(member!, READERS, { topics: [`rooms/${room}`] });
      }
      const metric = `CPU per publication, ${rooms} topics`;
      const publish = { rooms, each: PUBLICATIONS / rooms, textLength: TEXT_LENGTH };
      await fleet.run(member!, metric, (server) => server.call('publishRooms', publish), { readers: READERS });
      const run = await fleet.run(member!, metric, (server) => server.call('publishRooms', publish), {
        readers: READERS,
      });
      if (run) rows.push({ arm: member!.arm.name, metric, unit: 'µs', value: (run.user + run.system) / PUBLICATIONS });
    } finally {
      await fleet.stop();
    }
  }
  return rows;
}
