import { ARMS } from '../arms.js';
import { Fleet, type Member } from '../fleet.js';
import type { Measurement } from '../measurements.js';
import type { Scenario } from '../scenario.js';
import { shuffled } from '../statistics.js';

const CONNECTIONS = 64;
const EACH = 60;
const ENHANCERS = ['guard', 'pipe', 'interceptor'];

export const actions: Scenario = {
  name: 'actions',
  title: 'Actions: a message of a client and its answer',
  about:
    '64 connections each send the next message when they have the answer to the last one. Statewire checks, deduplicates and ' +
    'remembers each action; the other arms do not. "ws, stringify once" is a bare `ws` server here.',
  base: ARMS.nestWs.name,
  seconds: 18,
  prepare: async (log) => {
    const { statewire, wsOnce, nestWs, nestSocketIo, socketIo, uws, bun } = ARMS;
    const fleet = await Fleet.start([statewire, wsOnce, nestWs, nestSocketIo, socketIo, uws, bun], log);
    await fleet.connect(CONNECTIONS);
    const withEnhancers: readonly string[] = [statewire.name, nestWs.name, nestSocketIo.name];
    const ask = async (member: Member, name: string, metric: string): Promise<Measurement[]> => {
      const { arm, server } = member;
      const before = await server.call('usage');
      const took = await fleet.load.call('ask', { group: arm.name, name, each: EACH });
      const after = await server.call('usage');
      const count = CONNECTIONS * EACH;
      const cpu = after.user + after.system - before.user - before.system;
      return [
        { arm: arm.name, metric: `answers a second, ${metric}`, unit: '1/s', value: (count * 1_000) / took },
        { arm: arm.name, metric: `CPU per answer, ${metric}`, unit: 'µs', value: cpu / count },
      ];
    };
    const all = async (): Promise<Measurement[]> => {
      const rows: Measurement[] = [];
      for (const member of shuffled(fleet.members)) rows.push(...(await ask(member, 'plain', 'plain handler')));
      for (const name of shuffled(ENHANCERS)) {
        for (const member of shuffled(fleet.members.filter(({ arm }) => withEnhancers.includes(arm.name)))) {
          rows.push(...(await ask(member, name, `with ${name === 'interceptor' ? 'an' : 'a'} ${name}`)));
        }
      }
      return rows;
    };
    await all();
    return { round: all, close: () => fleet.stop() };
  },
};
