import { BrokerError } from '../../core/broker.js';

/** Bounds of what is remembered of actions; 0 switches one off. */
export interface ClaimLimits {
  /** Actions running or remembered. */
  readonly count: number;
  /** Characters of remembered answers. */
  readonly size: number;
}

interface Use {
  count: number;
  size: number;
}

/** One caller may take this part of the memory, so that it takes many to refuse actions to everybody. */
const SHARE = 0.1;

/** How much of the memory for actions is in use, by everybody together and by each caller. */
export class ClaimShares {
  private readonly all: Use = { count: 0, size: 0 };
  private readonly callers = new Map<string, Use>();

  constructor(private readonly limits: ClaimLimits) {}

  get size(): number {
    return this.callers.size;
  }

  /** @throws BrokerError `full` or `share_full` */
  take(caller: string | undefined): void {
    const { count, size } = this.limits;
    if (isFull(this.all, this.limits)) {
      throw new BrokerError('full', 'Too many actions are remembered: refuse this one until some are forgotten.');
    }
    if (caller !== undefined) {
      const own = this.callers.get(caller) ?? { count: 0, size: 0 };
      if (isFull(own, { count: Math.ceil(count * SHARE), size: Math.ceil(size * SHARE) })) {
        throw new BrokerError('share_full', 'Too many actions of this caller are remembered: refuse this one.');
      }
      this.callers.set(caller, own);
    }
    this.change(caller, { count: 1, size: 0 });
  }

  /** An answer is remembered for what was taken. */
  grow(caller: string | undefined, size: number): void {
    this.change(caller, { count: 0, size });
  }

  giveBack(caller: string | undefined, size: number): void {
    this.change(caller, { count: -1, size: -size });
  }

  clear(): void {
    this.all.count = this.all.size = 0;
    this.callers.clear();
  }

  private change(caller: string | undefined, { count, size }: Use): void {
    const own = caller === undefined ? undefined : this.callers.get(caller);
    for (const use of own === undefined ? [this.all] : [this.all, own]) {
      use.count += count;
      use.size += size;
    }
    if (caller !== undefined && own?.count === 0) this.callers.delete(caller);
  }
}

function isFull(use: Use, { count, size }: ClaimLimits): boolean {
  return (count > 0 && use.count >= count) || (size > 0 && use.size >= size);
}
