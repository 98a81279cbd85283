import type { Environment } from '@statewire/nest';

import type { RedisConnection } from './connection.js';
import type { Keys } from './keys.js';
import { sha1, type Script } from './scripts/script.js';

/**
 * Gives each partition that still has the lineage that the caller read the lineage of the caller. Keys: lineages.
 * Arguments: the new lineage, then the lineage that the caller read of each. Answers the lineage of each. The time of the
 * server at the end of a lineage is that of its begin.
 */
const CLAIM_LINEAGE = `
local time = redis.call('TIME')
local mine = ARGV[1] .. '.' .. string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
local list = {}
for i, key in ipairs(KEYS) do
  local present = redis.call('GET', key) or ''
  if present == ARGV[i + 1] then
    present = mine
    redis.call('SET', key, mine)
  end
  list[i] = present
end
return list`;

/** Adoptions that other nodes interrupt before the connection counts as unusable. */
const MAX_ROUNDS = 20;

/**
 * Makes a server usable. Scripts are neither replicated nor saved, and only an adoption loads them. So a server that lost
 * what it acknowledged, because it restarted or was promoted, rejects all scripts until a node has adopted it. The node
 * proves by a marker, which is a script too, that the server has lived on with the lineage of its data. Without the marker
 * the data gets a new lineage, with which every topic starts a new epoch.
 */
export class Lineages {
  /** The lineage of each partition. */
  private known: string[] = [];

  constructor(
    private readonly keys: Keys,
    private readonly partitions: number,
    private readonly scripts: readonly Script[],
    private readonly mode: 'verify' | 'trust',
    private readonly environment: Pick<Environment, 'id'>,
  ) {}

  of(partition: number): string {
    return this.known[partition] ?? '';
  }

  /** Reads or renews the lineages, and loads the scripts. Resolves with the partitions that have another lineage now. */
  async adopt(connection: RedisConnection): Promise<readonly number[]> {
    const era = await this.eraOf(connection);
    const keys = Array.from({ length: this.partitions }, (_, partition) => this.keys.lineage(partition));
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const found = (await connection.send(['MGET', ...keys])) as (string | null)[];
      const proven = await this.provenOf(connection, found, era);
      const unproven = found.flatMap((lineage, partition) =>
        lineage !== null && proven.has(lineage) ? [] : [partition],
      );
      if (unproven.length === 0) return await this.accept(connection, found as string[]);
      await this.replace(connection, unproven, found, era);
    }
    throw new Error('other nodes changed the lineage of the server again and again');
  }

  /** The server changes this id when it starts and when it is promoted. Empty if it may not be read. */
  private async eraOf(connection: RedisConnection): Promise<string> {
    const info = String(await connection.send(['INFO', 'replication']));
    return /^master_replid:(\w+)/m.exec(info)?.[1] ?? '';
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
    partitions: readonly number[],
    found: readonly (string | null)[],
    era: string,
  ): Promise<void> {
    const id = this.environment.id();
    // The marker comes first: a node that reads the new lineage finds it proven.
    await connection.send(['SCRIPT', 'LOAD', marker(id, era)]);
    const keys = partitions.map((partition) => this.keys.lineage(partition));
    const expected = partitions.map((partition) => found[partition] ?? '');
    await connection.send(['EVAL', CLAIM_LINEAGE, String(keys.length), ...keys, id, ...expected]);
  }

  private async accept(connection: RedisConnection, found: readonly string[]): Promise<readonly number[]> {
    await Promise.all(this.scripts.map(({ text }) => connection.send(['SCRIPT', 'LOAD', text])));
    const changed = found.flatMap((lineage, partition) => (lineage === this.known[partition] ? [] : [partition]));
    this.known = [...found];
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
