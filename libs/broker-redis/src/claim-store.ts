import {
  storedClaimOf,
  type ClaimCall,
  type ClaimEnd,
  type ClaimStore,
  type StoredClaim,
} from '@statewire/nest/broker';

import type { Channels } from './channels.js';
import type { Keys } from './keys.js';
import type { RedisLink } from './link.js';
import { claimScripts } from './scripts/claim-scripts.js';

/** Claims per call. */
const AT_ONCE = 1_000;

type OnEnd = (end?: ClaimEnd) => void;

/** The claims in Redis. The end of a claim is a message on a channel that has the name of the key. */
export class RedisClaimStore implements ClaimStore {
  private readonly receivers = new Map<OnEnd, (message: string) => void>();

  constructor(
    private readonly node: string,
    private readonly link: Pick<RedisLink, 'run' | 'isUp'>,
    private readonly keys: Keys,
    private readonly channels: Channels,
  ) {}

  isUp(key: string): boolean {
    return this.link.isUp(this.keys.claim(key).partition);
  }

  async claim({ key, fingerprint, id }: ClaimCall, runningMs: number, doubtfulMs?: number): Promise<StoredClaim> {
    const doubt = doubtfulMs === undefined ? ['', '0'] : ['again', String(doubtfulMs)];
    return storedClaimOf(
      (await this.run('claim', key, fingerprint, this.node, id, ...doubt, String(runningMs))) as string[],
    )!;
  }

  async settle({ key, fingerprint, id }: ClaimCall, answer: string, windowMs: number): Promise<boolean> {
    return (await this.run('settle', key, fingerprint, this.node, id, answer, String(windowMs))) !== 'NOT_HELD';
  }

  async unclaim({ key, id }: ClaimCall): Promise<void> {
    await this.run('unclaim', key, this.node, id);
  }

  async bury(key: string, node: string, id: string, windowMs: number): Promise<void> {
    await this.run('bury', key, node, id, String(windowMs));
  }

  async look(key: string, fingerprint: string): Promise<StoredClaim | undefined> {
    return storedClaimOf((await this.run('look', key, fingerprint)) as string[]);
  }

  async forget(keys: readonly string[], forMs: number): Promise<void> {
    await this.inPartitions(keys, 'forget', [String(forMs)]);
  }

  async keep(keys: readonly string[], runningMs: number): Promise<void> {
    await this.inPartitions(keys, 'keep', [this.node, String(runningMs)]);
  }

  async watch(key: string, onEnd: OnEnd): Promise<void> {
    const receive = (message: string): void => {
      const at = message.indexOf('\n');
      const type = message.slice(0, at);
      if (type === 'settled') onEnd({ answer: message.slice(at + 1) });
      else if (type === 'unclaimed') onEnd('unclaimed');
    };
    this.receivers.set(onEnd, receive);
    const { partition, key: channel } = this.keys.claim(key);
    return this.channels.add(partition, channel, receive);
  }

  unwatch(key: string, onEnd: OnEnd): void {
    const receive = this.receivers.get(onEnd);
    this.receivers.delete(onEnd);
    if (receive !== undefined) this.channels.remove(this.keys.claim(key).key, receive);
  }

  private async run(script: keyof typeof claimScripts, key: string, ...args: readonly string[]): Promise<unknown> {
    const { partition, key: stored } = this.keys.claim(key);
    return this.link.run({ script: claimScripts[script], partition, keys: [stored], args });
  }

  private async inPartitions(
    keys: readonly string[],
    script: 'forget' | 'keep',
    args: readonly string[],
  ): Promise<void> {
    const byPartition = new Map<number, string[]>();
    for (const key of keys) {
      const { partition, key: stored } = this.keys.claim(key);
      const group = byPartition.get(partition) ?? [];
      byPartition.set(partition, group);
      group.push(stored);
    }
    const calls: Promise<unknown>[] = [];
    for (const [partition, stored] of byPartition) {
      for (let from = 0; from < stored.length; from += AT_ONCE) {
        const some = stored.slice(from, from + AT_ONCE);
        calls.push(this.link.run({ script: claimScripts[script], partition, keys: some, args }));
      }
    }
    await Promise.all(calls);
  }
}
