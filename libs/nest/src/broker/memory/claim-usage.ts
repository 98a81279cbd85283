import { BrokerError, type ClaimOptions } from '../../core/broker.js';

/** Limits for remembered actions. 0 switches a limit off. */
export interface ClaimLimits {
  /** Running and remembered actions. */
  readonly count: number;
  /** Characters of all remembered answers. */
  readonly size: number;
}

/** One caller may use a tenth of what is free of the first half of the memory. */
const CALLER_QUOTA = 0.1;

/**
 * Every caller may use a thousandth of the memory. The second half of the memory serves nothing else, so that a few
 * hundred callers that never confirm an answer leave room for all others.
 */
const CALLER_MINIMUM = 0.001;

/**
 * One client may use half of what its caller has free. A tab that never confirms leaves room for the user's other tabs.
 */
const CLIENT_QUOTA = 0.5;

/** The memory that the actions of one caller, or of one of its clients, use. A claim keeps the part on which it counts. */
export class UsedPart {
  count = 0;
  size = 0;
  readonly parts = new Map<string, UsedPart>();

  constructor(
    readonly whole: UsedPart | undefined,
    readonly name: string,
  ) {}
}

/** Counts the memory that actions use: in total, for each caller and for each client of a caller. */
export class ClaimUsage {
  private total = new UsedPart(undefined, '');
  private used = 0;

  constructor(private readonly limits: ClaimLimits) {}

  /** Number of callers and clients that use memory. */
  get size(): number {
    return this.used;
  }

  /**
   * Counts one more action of a caller.
   *
   * @returns the part of the memory on which the action counts.
   * @throws BrokerError `full` or `quota_exceeded`
   */
  reserve({ caller, client }: ClaimOptions): UsedPart {
    const { limits, total } = this;
    if (isFull(total, limits)) {
      throw new BrokerError('full', 'The memory for actions is full. Reject the action until older ones expire.');
    }
    let part = total;
    if (caller !== undefined) {
      const ofCaller = quotaOf(limits, total, callerQuota);
      const used = total.parts.get(caller);
      rejectAbove(used, ofCaller);
      const usedByClient = client === undefined ? undefined : used?.parts.get(client);
      if (client !== undefined) rejectAbove(usedByClient, quotaOf(ofCaller, used, clientQuota));
      part = used ?? this.part(total, caller);
      if (client !== undefined) part = usedByClient ?? this.part(part, client);
    }
    this.add(part, 1, 0);
    return part;
  }

  /** Adds the size of an answer to a counted action. */
  addAnswer(part: UsedPart, size: number): void {
    this.add(part, 0, size);
  }

  /** Stops counting an action and its answer. */
  release(part: UsedPart, size: number): void {
    this.add(part, -1, -size);
  }

  clear(): void {
    this.total = new UsedPart(undefined, '');
    this.used = 0;
  }

  private part(whole: UsedPart, name: string): UsedPart {
    const part = new UsedPart(whole, name);
    whole.parts.set(name, part);
    this.used += 1;
    return part;
  }

  private add(used: UsedPart, count: number, size: number): void {
    for (let part: UsedPart | undefined = used; part !== undefined; part = part.whole) {
      part.count += count;
      part.size += size;
      if (part.count === 0 && part.whole?.parts.delete(part.name)) this.used -= 1;
    }
  }
}

interface Usage {
  readonly count: number;
  readonly size: number;
}

/** @throws BrokerError `quota_exceeded` */
function rejectAbove(used: Usage | undefined, limits: ClaimLimits): void {
  if (used === undefined || !isFull(used, limits)) return;
  throw new BrokerError(
    'quota_exceeded',
    'This caller has used up its quota of the memory for actions. Reject the action.',
  );
}

/** @returns the limits of a part of a whole. 0 stays 0: no limit. */
function quotaOf(
  { count, size }: ClaimLimits,
  used: Usage | undefined,
  quota: (limit: number, used: number) => number,
): ClaimLimits {
  const of = (limit: number, taken = 0): number => (limit === 0 ? 0 : Math.max(1, Math.ceil(quota(limit, taken))));
  return { count: of(count, used?.count), size: of(size, used?.size) };
}

function callerQuota(limit: number, used: number): number {
  return Math.max(limit * CALLER_MINIMUM, (limit / 2 - used) * CALLER_QUOTA);
}

function clientQuota(limit: number, used: number): number {
  return (limit - used) * CLIENT_QUOTA;
}

function isFull(use: Usage, { count, size }: ClaimLimits): boolean {
  return (count > 0 && use.count >= count) || (size > 0 && use.size >= size);
}
