import type { NodeStore } from '@statewire/nest/broker';

import type { Keys } from './keys.js';
import type { RedisLink } from './link.js';
import { nodeScripts } from './scripts/node-scripts.js';

/** The nodes that live, in a sorted set of Redis. */
export class RedisNodeStore implements NodeStore {
  constructor(
    private readonly link: Pick<RedisLink, 'run' | 'isUp'>,
    private readonly keys: Keys,
  ) {}

  get isUp(): boolean {
    return this.link.isUp(this.keys.nodes.partition);
  }

  async beat(node: string, ttlMs: number): Promise<boolean> {
    return (await this.run('beat', node, String(ttlMs))) === 1;
  }

  async alive(): Promise<ReadonlySet<string>> {
    return new Set((await this.run('alive')) as string[]);
  }

  async leave(node: string): Promise<void> {
    await this.run('leave', node);
  }

  private async run(script: keyof typeof nodeScripts, ...args: readonly string[]): Promise<unknown> {
    const { partition, key } = this.keys.nodes;
    return this.link.run({ script: nodeScripts[script], partition, keys: [key], args });
  }
}
