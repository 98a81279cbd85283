import type { NodeStore } from '@statewire/nest/broker';

import type { PostgresLink } from './link.js';

/** The nodes that live, in a table of PostgreSQL. */
export class PostgresNodeStore implements NodeStore {
  constructor(private readonly link: Pick<PostgresLink, 'run' | 'up'>) {}

  get isUp(): boolean {
    return this.link.up;
  }

  async beat(node: string, ttlMs: number): Promise<boolean> {
    const [row] = await this.link.run('beat', node, ttlMs);
    return row?.beat === true;
  }

  async alive(): Promise<ReadonlySet<string>> {
    return new Set((await this.link.run('alive_nodes')).map((row) => String(row.alive_nodes)));
  }

  async leave(node: string): Promise<void> {
    await this.link.run('end_node', node);
  }
}
