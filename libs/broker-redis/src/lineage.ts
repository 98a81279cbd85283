import type { Environment } from '@statewire/nest';

import type { RedisConnection } from './connection.js';
import type { Keys } from './keys.js';
import { sha1, type Script } from './scripts/script.js';

/**
 * Gives a partition that still has the lineage that the caller read the lineage of the caller. Key: lineage. Arguments:
 * the new lineage and the one that the caller read. The time of the server at the end of a lineage is that of its begin.
 */
const CLAIM_LINEAGE = `
if (redis.call('GET', KEYS[1]) or '') ~= ARGV[2] then return end
local time = redis.call('TIME')
redis.call('SET', KEYS[1], ARGV[1] .. '.' .. string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000)))`;

/** Adoptions that other nodes interrupt before the connection counts as unusable. */
const MAX_ROUNDS = 20;

/**
 * Makes a server usable. Scripts are neither replicated nor saved, and only an adoption loads them. So a server that lost
 * what it acknowledged, because it restarted or was promoted, rejects all scripts until a node has adopted it. The node
 * proves by a marker, which is a script too, that the server has lived on with the lineage of its data. Without the marker
 * the data gets a new lineage, with which every topic starts a new epoch.
 *
 * In a cluster each partition has its own lineage, and each master its own markers. A partition that comes to another
 * master finds no marker of its lineage there, because each lineage is new to the master that made it. So it gets a new
 * lineage before any node writes to it, however it came there: by a failover that may have lost writes, or by moved slots.
 * If it returns without having been adopted elsewhere, nobody has written to it, and its lineage is still proven.
 */
export class Lineages {
  /** The lineage of each partition on the server that this node uses for it. */
  private readonly known: (string | undefined)[] = [];

  constructor(
    private readonly keys: Keys,
    private readonly scripts: readonly Script[],
    private readonly mode: 'verify' | 'trust',
    private readonly environment: Pick<Environment, 'id'>,
  ) {}

  of(partition: number): string {
    return this.known[partition] ?? '';
  }

  /**
   * Reads or renews the lineages of partitions of one server, and loads the scripts. Resolves with the partitions that
   * have another lineage now.
   */
  async adopt(connection: RedisConnection, partitions: readonly number[]): Promise<readonly number[]> {
    const era = await this.eraOf(connection);
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const found = await Promise.all(partitions.map((partition) => this.read(connection, partition)));
      const proven = await this.provenOf(connection, found, era);
      const unproven = partitions.flatMap((partition, index) =>
        found[index] !== null && proven.has(found[index]!) ? [] : [{ partition, lineage: found[index] ?? '' }],
      );
      if (unproven.length === 0) return await this.accept(connection, partitions, found as string[]);
      await this.replace(connection, unproven, era);
    }
    throw new Error('other nodes changed the lineage of the server again and again');
  }

  /** The server changes this id when it starts and when it is promoted. Empty if it may not be read. */
  private async eraOf(connection: RedisConnection): Promise<string> {
    const info = String(await connection.send(['INFO', 'replication']));
    return /^master_replid:(\w+)/m.exec(info)?.[1] ?? '';
  }

  private async read(connection: RedisConnection, partition: number): Promise<string | null> {
    return (await connection.send(['GET', this.keys.lineage(partition)], partition)) as string | null;
  }

  private async provenOf(
    connection: RedisConnection,
    found: readonly (string | null)[],
    era: string,
  ): Promise<ReadonlySet<string>> {
    const lineages = [...new Set(found)].filter((lineage) => lineage !== null);
    if (this.mode === 'trust' || lineages.length === 0) return new Set(lineages);
    const markers = lineages.map((lineage) => sha1(marker(idOf(lineage), era)));
    const exist = (await connection.send(['SCRIPT', 'EXISTS', ...markers])) as number[];
    return new Set(lineages.filter((_, index) => exist[index] === 1));
  }

  private async replace(
    connection: RedisConnection,
    unproven: readonly { readonly partition: number; readonly lineage: string }[],
    era: string,
  ): Promise<void> {
    const id = this.environment.id();
    // The marker comes first: a node that reads the new lineage finds it proven.
    await connection.send(['SCRIPT', 'LOAD', marker(id, era)]);
    await Promise.all(
      unproven.map(({ partition, lineage }) =>
        connection.send(['EVAL', CLAIM_LINEAGE, '1', this.keys.lineage(partition), id, lineage], partition),
      ),
    );
  }

  private async accept(
    connection: RedisConnection,
    partitions: readonly number[],
    found: readonly string[],
  ): Promise<readonly number[]> {
    await Promise.all(this.scripts.map(({ text }) => connection.send(['SCRIPT', 'LOAD', text])));
    const changed = partitions.filter((partition, index) => found[index] !== this.known[partition]);
    partitions.forEach((partition, index) => (this.known[partition] = found[index]));
    return changed;
  }
}

function marker(id: string, era: string): string {
  return `return '${id} ${era}'`;
}

/** The part of a lineage before the time at which it began. */
function idOf(lineage: string): string {
  return lineage.slice(0, lineage.lastIndexOf('.'));
}
