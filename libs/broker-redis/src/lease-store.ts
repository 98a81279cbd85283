import type { LeaseStore, TakenLease } from '@statewire/nest/broker';

import type { Channels } from './channels.js';
import type { Keys } from './keys.js';
import type { RedisLink } from './link.js';
import { leaseScripts } from './scripts/node-scripts.js';

/** The leases in Redis. A release is a message on a channel that has the name of the key. */
export class RedisLeaseStore implements LeaseStore {
  constructor(
    private readonly node: string,
    private readonly link: Pick<RedisLink, 'run'>,
    private readonly keys: Keys,
    private readonly channels: Channels,
  ) {}

  async holder(name: string): Promise<string | undefined> {
    const node = await this.run('holder', name);
    return (node as string | null) ?? undefined;
  }

  async take(name: string, call: string, ttlMs: number): Promise<TakenLease> {
    const [outcome, value] = (await this.run('lease', name, this.node, String(ttlMs), call)) as [string, number];
    return outcome === 'HELD' ? { heldForMs: value } : { token: value };
  }

  async renew(name: string, token: number, ttlMs: number): Promise<boolean> {
    return (await this.run('renew', name, String(token), String(ttlMs))) === 1;
  }

  async release(name: string, token: number): Promise<void> {
    await this.run('release', name, String(token));
  }

  async watch(name: string, wake: () => void): Promise<void> {
    const { partition, key } = this.keys.lease(name);
    return this.channels.add(partition, key, wake);
  }

  unwatch(name: string, wake: () => void): void {
    this.channels.remove(this.keys.lease(name).key, wake);
  }

  private async run(script: keyof typeof leaseScripts, name: string, ...args: readonly string[]): Promise<unknown> {
    const { partition, key } = this.keys.lease(name);
    return this.link.run({ script: leaseScripts[script], partition, keys: [key], args });
  }
}
