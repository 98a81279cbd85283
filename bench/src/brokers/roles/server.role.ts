import { createBattle, nextTick } from '../../battle-model.js';
import { now } from '../../clock.js';
import { start as startServer } from '../../servers/statewire.server.js';
import { paced } from '../pace.js';

/** A node with clients. */
export interface ServerRole {
  port(): number;
  /** Publishes a battle `perSecond` times a second. */
  publish(command: { readonly count: number; readonly perSecond: number }): Promise<number>;
  /** CPU of the process since its start, in µs. */
  cpu(): number;
}

export async function start(options: { redisUrl?: string }): Promise<ServerRole> {
  const server = await startServer(options);
  let battle = createBattle();
  return {
    port: () => server.port,
    publish: ({ count, perSecond }) =>
      paced(count, perSecond, async () => {
        battle = nextTick(battle, now());
        await server.publishBattle(battle);
      }),
    cpu: () => {
      const { user, system } = process.cpuUsage();
      return user + system;
    },
  };
}
