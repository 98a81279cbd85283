import {
  storedClaimOf,
  type ClaimCall,
  type ClaimEnd,
  type ClaimStore,
  type StoredClaim,
} from '@statewire/nest/broker';

import type { PostgresLink } from './link.js';
import { digestOf } from './names.js';
import type { Wakes } from './wakes.js';

/** Claims per call. */
const AT_ONCE = 1_000;

type OnEnd = (end?: ClaimEnd) => void;

/** The claims in PostgreSQL. The end of a claim is a message on the channel of the wakes. */
export class PostgresClaimStore implements ClaimStore {
  /** Since when the server has all claims, by its clock. */
  private completeSince = 0;

  constructor(
    private readonly node: string,
    private readonly link: Pick<PostgresLink, 'run' | 'up'>,
    private readonly wakes: Wakes,
  ) {}

  /** A server that lost its data has no claims from before `completeSince`. */
  restore(completeSince: number): void {
    this.completeSince = completeSince;
  }

  isUp(): boolean {
    return this.link.up;
  }

  async claim({ key, fingerprint, id }: ClaimCall, runningMs: number, doubtfulMs?: number): Promise<StoredClaim> {
    const values = [digestOf(key), digestOf(fingerprint), this.node, id, doubtfulMs, this.completeSince, runningMs];
    const [row] = await this.link.run('take_claim', ...values);
    return storedClaimOf(row!.take_claim as readonly string[])!;
  }

  async settle({ key, fingerprint, id }: ClaimCall, answer: string, windowMs: number): Promise<boolean> {
    const values = [digestOf(key), digestOf(fingerprint), this.node, id, answer, windowMs];
    const [row] = await this.link.run('settle_claim', ...values);
    return row?.settle_claim !== false;
  }

  async unclaim({ key, id }: ClaimCall): Promise<void> {
    await this.link.run('give_back_claim', digestOf(key), this.node, id);
  }

  async bury(key: string, node: string, id: string, windowMs: number): Promise<void> {
    await this.link.run('bury_claim', digestOf(key), node, id, windowMs);
  }

  async look(key: string, fingerprint: string): Promise<StoredClaim | undefined> {
    const [row] = await this.link.run('look_at_claim', digestOf(key), digestOf(fingerprint));
    return storedClaimOf(row?.look_at_claim as readonly string[] | null | undefined);
  }

  async forget(keys: readonly string[], forMs: number): Promise<void> {
    await this.inParts(keys, (part) => this.link.run('forget_claims', part, forMs));
  }

  async keep(keys: readonly string[], runningMs: number): Promise<void> {
    await this.inParts(keys, (part) => this.link.run('keep_claims', part, this.node, runningMs));
  }

  async watch(key: string, onEnd: OnEnd): Promise<void> {
    this.wakes.add(aboutClaim(key), onEnd);
  }

  unwatch(key: string, onEnd: OnEnd): void {
    this.wakes.remove(aboutClaim(key), onEnd);
  }

  private async inParts(keys: readonly string[], call: (part: string) => Promise<unknown>): Promise<void> {
    const calls: Promise<unknown>[] = [];
    for (let from = 0; from < keys.length; from += AT_ONCE) {
      calls.push(call(JSON.stringify(keys.slice(from, from + AT_ONCE).map(digestOf))));
    }
    await Promise.all(calls);
  }
}

/** The message that tells of an end. */
function aboutClaim(key: string): string {
  return `C ${digestOf(key)}`;
}
