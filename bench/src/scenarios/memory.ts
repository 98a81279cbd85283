import { ARMS } from '../arms.js';
import { maxClients } from '../file-limit.js';
import { Fleet } from '../fleet.js';
import type { Measurement } from '../measurements.js';
import type { Scenario } from '../scenario.js';
import { shuffled } from '../statistics.js';

const CLIENTS = 10_000;
/** The first connections bring code and pools to life that the later ones share. */
const WARM_UP = 100;

export const memory: Scenario = {
  name: 'memory',
  title: 'Memory of an idle connection',
  about:
    'Memory of the server for each of 10,000 connections that are subscribed and idle, after a garbage collection.',
  base: ARMS.nestWs.name,
  seconds: 32,
  prepare: (log) =>
    Promise.resolve({
      round: async () => {
        const rows: Measurement[] = [];
        // A process keeps memory that connections of an earlier round have freed, so each round has processes of its own.
        const { statewire, wsOnce, net, nestWs, nestSocketIo } = ARMS;
        const fleet = await Fleet.start([statewire, wsOnce, net, nestWs, nestSocketIo], log);
        const clients = maxClients(log, 'all arms', CLIENTS + WARM_UP) - WARM_UP;
        for (const member of shuffled(fleet.members)) {
          await fleet.connectTo(member, WARM_UP);
          const before = await member.server.call('memory');
          await fleet.connectTo(member, clients);
          const after = await member.server.call('memory');
          await fleet.disconnect(member);
          const value = (after - before) / clients / 1_024;
          rows.push({ arm: member.arm.name, metric: 'memory per connection', unit: 'KiB', value });
        }
        await fleet.stop();
        return rows;
      },
      close: () => Promise.resolve(),
    }),
};
