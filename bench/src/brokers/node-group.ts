import { setTimeout as wait } from 'node:timers/promises';

import { type BenchClient, connectAll, DIALECTS, settled } from '../bench-client.js';
import { now } from '../clock.js';
import { RemoteProcess } from '../remote-process.js';
import { RedisProcess } from './redis-process.js';
import type { ServerRole } from './roles/server.role.js';

export interface PublishedBattle {
  readonly count: number;
  readonly perSecond: number;
}

/** Arrivals are looked at so often. */
const LOOK_MS = 5;
const GIVES_UP_AFTER_MS = 10_000;

/**
 * Nodes with clients, spread evenly, that read the same battle. Nodes with the memory broker share nothing: each publishes
 * the same. Of those that share Redis the first publishes.
 */
export class NodeGroup {
  private constructor(
    readonly arm: string,
    readonly clients: readonly BenchClient[],
    private readonly servers: readonly RemoteProcess<ServerRole>[],
    private readonly publishers: readonly RemoteProcess<ServerRole>[],
    private readonly redis: RedisProcess | undefined,
  ) {}

  static async start(broker: 'memory' | 'Redis', nodes: number, clients: number): Promise<NodeGroup> {
    const redis = broker === 'memory' ? undefined : await RedisProcess.start();
    const servers = await Promise.all(
      Array.from({ length: nodes }, () =>
        RemoteProcess.start<ServerRole>('./brokers/roles/server.role.js', { redisUrl: redis?.url }),
      ),
    );
    const connected: BenchClient[] = [];
    for (const server of servers) {
      connected.push(...(await connectAll(DIALECTS.statewire!, await server.call('port'), clients / nodes)));
    }
    const arm = `${broker}, ${nodes} ${nodes === 1 ? 'node' : 'nodes'}`;
    const publishers = broker === 'memory' ? servers : servers.slice(0, 1);
    return new NodeGroup(arm, connected, servers, publishers, redis);
  }

  /** Publishes in an open loop. Resolves when the clients have all of it, with their latencies in milliseconds. */
  async publish(battle: PublishedBattle): Promise<number[]> {
    for (const client of this.clients) client.reset();
    await Promise.all(this.publishers.map((server) => server.call('publish', battle)));
    await settled(this.clients, battle.count);
    const latencies = this.clients.flatMap((client) => client.latencies);
    const expected = battle.count * this.clients.length;
    if (latencies.length !== expected) throw new Error(`${latencies.length} of ${expected} frames arrived.`);
    return latencies;
  }

  /** Publications a second that all clients receive, if `count` of them are published faster than that. */
  async saturation(count: number, perSecond: number): Promise<number> {
    for (const client of this.clients) client.reset();
    const began = now();
    const published = Promise.all(this.publishers.map((server) => server.call('publish', { count, perSecond })));
    while (this.clients.some(({ messages }) => messages < count)) {
      if (now() - began > GIVES_UP_AFTER_MS) throw new Error(`Not all of ${count} publications arrived.`);
      await wait(LOOK_MS);
    }
    const took = now() - began;
    await published;
    return (count * 1_000) / took;
  }

  /** CPU of all nodes since their start, in µs. */
  async cpu(): Promise<number> {
    const all = await Promise.all(this.servers.map((server) => server.call('cpu')));
    return all.reduce((sum, one) => sum + one, 0);
  }

  async stop(): Promise<void> {
    for (const client of this.clients) client.close();
    await Promise.all(this.servers.map((server) => server.stop()));
    await this.redis?.stop();
  }
}
