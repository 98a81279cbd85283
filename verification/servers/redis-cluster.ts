import { setTimeout as wait } from 'node:timers/promises';

import { RedisServer, withAdmin } from './redis-server.js';

const SLOTS = 16_384;
const STARTS_WITHIN_MS = 60_000;
const LOOK_MS = 50;

type Send = (...args: string[]) => Promise<unknown>;

/** A node as another one sees it. */
export interface SeenNode {
  readonly id: string;
  readonly port: number;
  readonly flags: readonly string[];
  /** Id of the master of a replica. */
  readonly master: string | undefined;
  /** First and last slot of each range. */
  readonly slots: readonly (readonly [first: number, last: number])[];
}

/** A Redis Cluster of a test, with masters on free ports. */
export class RedisCluster {
  private constructor(readonly servers: RedisServer[]) {}

  /**
   * Starts masters that share the slots evenly, each with `replicas`. A master that is gone for a second is replaced, and
   * the others serve their slots meanwhile.
   */
  static async start(masters = 3, { replicas = 0 } = {}): Promise<RedisCluster> {
    const cluster = new RedisCluster([]);
    try {
      for (let n = 0; n < masters; n++) await cluster.add();
      await Promise.all(
        cluster.servers.map((server, n) => {
          const [first, end] = [n, n + 1].map((part) => Math.round((part * SLOTS) / masters));
          return server.admin((send) => send('CLUSTER', 'ADDSLOTSRANGE', String(first), String(end! - 1)));
        }),
      );
      const ids = await Promise.all(cluster.servers.map((server) => cluster.idOf(server)));
      for (const id of ids) for (let n = 0; n < replicas; n++) await cluster.replicate(await cluster.add(), id);
      await cluster.untilStable();
      return cluster;
    } catch (error) {
      await cluster.dispose();
      throw error;
    }
  }

  get addresses(): readonly { readonly host: string; readonly port: number }[] {
    return this.servers.map(({ port }) => ({ host: '127.0.0.1', port }));
  }

  /** Starts a further node without slots. */
  async add(): Promise<RedisServer> {
    const server = await RedisServer.startClusterNode();
    const [other] = this.servers;
    this.servers.push(server);
    const epoch = String(this.servers.length);
    await server.admin((send) => send('CLUSTER', 'SET-CONFIG-EPOCH', epoch));
    if (other === undefined) return server;
    await server.admin((send) => send('CLUSTER', 'MEET', '127.0.0.1', String(other.port), String(other.busPort)));
    await this.until('the nodes to know each other', async () => {
      const views = await Promise.all(this.servers.map((one) => this.view(one)));
      return views.every(
        (view) => view.length === views.length && view.every(({ flags }) => !flags.includes('handshake')),
      );
    });
    return server;
  }

  /** Ends a node without slots, and has the others forget it. */
  async remove(server: RedisServer): Promise<void> {
    const id = await this.idOf(server);
    this.servers.splice(this.servers.indexOf(server), 1);
    await Promise.all(this.servers.map((other) => other.admin((send) => send('CLUSTER', 'FORGET', id))));
    await server.dispose();
  }

  /** Moves the slots with all keys, one after another. */
  async move(slots: readonly number[], from: RedisServer, to: RedisServer): Promise<void> {
    const [fromId, toId] = [await this.idOf(from), await this.idOf(to)];
    const others = this.servers.filter((server) => server !== from && server !== to);
    await from.admin((source) =>
      to.admin(async (target) => {
        for (const slot of slots.map(String)) {
          await target('CLUSTER', 'SETSLOT', slot, 'IMPORTING', fromId);
          await source('CLUSTER', 'SETSLOT', slot, 'MIGRATING', toId);
          await moveKeys(source, slot, to.port);
          await target('CLUSTER', 'SETSLOT', slot, 'NODE', toId);
          await source('CLUSTER', 'SETSLOT', slot, 'NODE', toId);
        }
      }),
    );
    for (const other of others) {
      await other.admin(async (send) => {
        for (const slot of slots.map(String)) await send('CLUSTER', 'SETSLOT', slot, 'NODE', toId);
      });
    }
    await this.untilStable();
  }

  /** The slots of a master. */
  async slotsOf(server: RedisServer): Promise<readonly number[]> {
    const own = (await this.view(server)).find(({ flags }) => flags.includes('myself'))!;
    return own.slots.flatMap(([first, last]) => Array.from({ length: last - first + 1 }, (_, n) => first + n));
  }

  /** The nodes as a server sees them. */
  async view(server: RedisServer): Promise<readonly SeenNode[]> {
    const text = String(await server.admin((send) => send('CLUSTER', 'NODES')));
    return text
      .trim()
      .split('\n')
      .map((line) => {
        const [id, address, flags, master, , , , , ...ranges] = line.split(' ') as [string, string, string, string];
        return {
          id,
          port: Number(/:(\d+)@/.exec(address)![1]),
          flags: flags.split(','),
          master: master === '-' ? undefined : master,
          slots: (ranges as string[])
            .filter((range) => !range.startsWith('['))
            .map((range) => {
              const [first, last = first] = range.split('-').map(Number);
              return [first!, last!] as const;
            }),
        };
      });
  }

  /** Resolves when all running nodes agree on the masters of all slots. */
  async untilStable(): Promise<void> {
    await this.until('a stable cluster', async () => {
      const running = this.servers.filter(({ isRunning }) => isRunning);
      const views = await Promise.all(
        running.map(async (server) => {
          const state = String(await server.admin((send) => send('CLUSTER', 'INFO')));
          const owned = (await this.view(server)).filter(({ slots }) => slots.length > 0);
          const owners = owned.map(({ id, slots }) => `${id} ${slots.join(' ')}`).sort();
          return state.includes('cluster_state:ok') ? owners.join('\n') : undefined;
        }),
      );
      return views[0] !== undefined && new Set(views).size === 1;
    });
  }

  /** Runs commands on each master. */
  async onMasters<T>(work: (send: Send) => Promise<T>): Promise<readonly T[]> {
    const masters = (await this.view(this.running)).filter(({ slots }) => slots.length > 0);
    return Promise.all(masters.map(({ port }) => withAdmin(`redis://127.0.0.1:${port}`, work)));
  }

  /** Runs commands on the master of a key. */
  async onMasterOf<T>(key: string, work: (send: Send) => Promise<T>): Promise<T> {
    return (await this.masterOf(key)).admin(work);
  }

  async slotOf(key: string): Promise<number> {
    return Number(await this.running.admin((send) => send('CLUSTER', 'KEYSLOT', key)));
  }

  /** The master of a key. */
  async masterOf(key: string): Promise<RedisServer> {
    const slot = await this.slotOf(key);
    const owner = (await this.view(this.running)).find(({ slots }) =>
      slots.some(([first, last]) => first <= slot && slot <= last),
    );
    return this.servers.find(({ port }) => port === owner!.port)!;
  }

  async dispose(): Promise<void> {
    for (const server of this.servers) await server.dispose();
  }

  private get running(): RedisServer {
    return this.servers.find(({ isRunning }) => isRunning)!;
  }

  private async idOf(server: RedisServer): Promise<string> {
    return String(await server.admin((send) => send('CLUSTER', 'MYID')));
  }

  private async replicate(replica: RedisServer, master: string): Promise<void> {
    await replica.admin((send) => send('CLUSTER', 'REPLICATE', master));
    await this.until('the replication', () =>
      replica.admin(async (send) => String(await send('INFO', 'replication')).includes('master_link_status:up')),
    );
  }

  private async until(what: string, condition: () => Promise<boolean>): Promise<void> {
    const deadline = performance.now() + STARTS_WITHIN_MS;
    while (!(await condition())) {
      if (performance.now() > deadline) throw new Error(`Waited ${STARTS_WITHIN_MS} ms for ${what}.`);
      await wait(LOOK_MS);
    }
  }
}

async function moveKeys(source: Send, slot: string, port: number): Promise<void> {
  for (;;) {
    const keys = (await source('CLUSTER', 'GETKEYSINSLOT', slot, '100')) as string[];
    if (keys.length === 0) return;
    await source('MIGRATE', '127.0.0.1', String(port), '', '0', '10000', 'KEYS', ...keys);
  }
}
