import { BrokerError, type BrokerContext, type NewPublication, type PublishOptions, type Timer } from '@statewire/nest';
import {
  ConnectionLostError,
  disposedError,
  fencedError,
  movedError,
  PendingPublication,
  type PendingLimits,
} from '@statewire/nest/broker';
import type { Position } from '@statewire/protocol';

import { ConflictError, toBrokerError } from './errors.js';
import { limitsOf, longestChain } from './limits.js';
import type { PostgresLink } from './link.js';

/** Topics of which the publisher remembers the distance to the keyframe. */
const MAX_REMEMBERED = 10_000;
/** Publications of one statement. */
const MAX_BATCH = 1_000;
/** Characters of the values of one statement. A single publication may be larger. */
const MAX_BATCH_SIZE = 2 ** 20;

/** Number in the batch, outcome, position, and count and bytes of the deltas above the keyframe. */
type Answer = readonly [n: number, outcome: string, epoch: string, offset: number, count: number, bytes: number];

/** The deltas of a topic since its keyframe. */
interface Chain {
  readonly count: number;
  readonly bytes: number;
}

/** A statement until its reply. It keeps its number if it is sent again, so that the server stores it once. */
interface Batch {
  readonly number: number;
  /** By the number in the batch. Those that waited for too long, or that a newer value supersedes, are gone. */
  readonly items: Map<number, PendingPublication>;
  isSent: boolean;
}

/** The publisher of a node needs to know what its listeners have. */
interface Delivery {
  whenDelivered(topic: string): Promise<void> | undefined;
}

/**
 * Sends publications: one statement at a time, with all that have been called since the one before. So they keep their order.
 *
 * While the server is out of reach, the newest value of a state topic waits, and others for `publishTimeoutMs`.
 */
export class Publisher {
  /** Those that are in no batch, in the order of the calls. */
  private queue: PendingPublication[] = [];
  private batch: Batch | undefined;
  private readonly byId = new Map<string, PendingPublication>();
  private readonly chains = new Map<string, Chain>();
  private readonly limits: string;
  private batches = 0;
  /** Characters of the pending publications. */
  bytes = 0;
  private isFlushing = false;
  private expiry: Timer | undefined;
  private isDisposed = false;

  constructor(
    private readonly node: string,
    private readonly link: Pick<PostgresLink, 'attempt' | 'up'>,
    private readonly delivery: Delivery,
    private readonly context: Pick<BrokerContext, 'counters' | 'environment' | 'history'>,
    private readonly bounds: PendingLimits,
  ) {
    this.limits = limitsOf(context.history);
  }

  /** Number of pending publications. */
  get size(): number {
    return this.queue.length + (this.batch?.items.size ?? 0);
  }

  /** Returns a publication of this node that is pending. */
  find(id: string): NewPublication | undefined {
    return this.byId.get(id)?.publication;
  }

  async publish(topic: string, publication: NewPublication, options: PublishOptions = {}): Promise<Position> {
    if (this.isDisposed) throw disposedError();
    const { counters, environment } = this.context;
    const pending = new PendingPublication(topic, publication, options, environment.monotonic(), counters);
    const settled = pending.settled();
    if (!this.link.up) this.conflate(pending);
    if (this.size >= this.bounds.count || this.bytes + pending.size > this.bounds.bytes) {
      const message = `${this.size} publications wait for PostgreSQL, and there is no room for more.`;
      pending.reject(new BrokerError('unavailable', message));
      return settled;
    }
    this.queue.push(pending);
    this.byId.set(publication.id, pending);
    this.bytes += pending.size;
    if (this.link.up) this.flushSoon();
    else if (this.expiry === undefined) this.expireLater();
    return settled;
  }

  /** The connection was lost. The server may have stored what was under way. */
  onLost(): void {
    if (this.batch !== undefined) this.batch.isSent = false;
    const newest = new Map<string, PendingPublication>();
    for (const pending of this.waiting) newest.set(pending.topic, pending);
    for (const pending of newest.values()) this.conflate(pending);
    this.expireLater();
  }

  /** The server can be used. */
  onUp(): void {
    this.expiry?.cancel();
    this.expiry = undefined;
    this.flush();
  }

  dispose(): void {
    this.isDisposed = true;
    this.expiry?.cancel();
    for (const pending of this.waiting) pending.reject(disposedError());
    this.queue = [];
    this.batch = undefined;
    this.byId.clear();
    this.chains.clear();
    this.bytes = 0;
  }

  /** All pending publications, in the order of the calls. */
  private get waiting(): readonly PendingPublication[] {
    return [...(this.batch?.items.values() ?? []), ...this.queue];
  }

  /** All calls of the same turn of the event loop go with one statement. */
  private flushSoon(): void {
    if (this.isFlushing || this.batch !== undefined) return;
    this.isFlushing = true;
    queueMicrotask(() => {
      this.isFlushing = false;
      this.flush();
    });
  }

  private flush(): void {
    if (!this.link.up || this.isDisposed) return;
    this.batch ??= this.nextBatch();
    const { batch } = this;
    if (batch === undefined || batch.isSent) return;
    batch.isSent = true;
    const items = [...batch.items].map(([n, pending]) => this.itemOf(n, pending));
    this.link.attempt('publish', this.node, batch.number, JSON.stringify(items), this.limits).then(
      (rows) => this.onReply(batch, rows[0]!.publish as readonly Answer[]),
      (error: unknown) => this.onError(batch, error),
    );
  }

  private nextBatch(): Batch | undefined {
    if (this.queue.length === 0) return undefined;
    let size = 0;
    let count = 0;
    for (const pending of this.queue) {
      size += pending.size;
      if (count === MAX_BATCH || (count > 0 && size > MAX_BATCH_SIZE)) break;
      count += 1;
    }
    this.batches += 1;
    return { number: this.batches, items: new Map(this.queue.splice(0, count).entries()), isSent: false };
  }

  private itemOf(n: number, pending: PendingPublication): object {
    const { options, publication, startsEpoch, topic } = pending;
    const { id, kind, patch } = publication;
    const chain = this.chains.get(topic) ?? { count: 0, bytes: 0 };
    const hasDelta = patch !== undefined && !startsEpoch;
    const withData = !hasDelta || pending.needsData || this.isKeyframeDue(chain, pending);
    const bytes = hasDelta ? chain.bytes + patch.delta.length : 0;
    this.remember(topic, withData ? { count: 0, bytes: 0 } : { count: chain.count + 1, bytes });
    return {
      ...{ n, topic, kind, id, starts: startsEpoch },
      ...(options.only === undefined ? {} : { epoch: options.only.epoch, offset: options.only.offset }),
      ...(options.fence === undefined ? {} : { fence: options.fence }),
      ...(hasDelta ? { base: patch.base, delta: patch.delta } : {}),
      ...(withData ? { data: publication.data } : {}),
    };
  }

  /** A reader pays at most twice the value for a value and its deltas. */
  private isKeyframeDue({ bytes, count }: Chain, { length, publication: { patch } }: PendingPublication): boolean {
    const { history } = this.context;
    const total = bytes + (patch?.delta.length ?? 0);
    if (count + 1 >= longestChain(history)) return true;
    return total >= length || (history.bytes > 0 && total > history.bytes / 4);
  }

  private onReply(batch: Batch, answers: readonly Answer[]): void {
    if (this.batch !== batch) return;
    this.batch = undefined;
    const again: PendingPublication[] = [];
    const blocked = new Set<string>();
    for (const [n, outcome, epoch, offset, count, bytes] of answers) {
      const pending = batch.items.get(n);
      if (pending === undefined) continue;
      const { topic } = pending;
      this.remember(topic, { count, bytes });
      if (outcome === 'NEED') {
        // Those behind it were refused because of it, and build on it again.
        if (!blocked.has(topic)) {
          pending.needsData = true;
          this.context.counters?.deltaRefused();
        }
        blocked.add(topic);
        again.push(pending);
      } else this.settle(pending, outcome, { epoch, offset });
    }
    if (again.length > 0) this.queue = [...again, ...this.queue];
    this.flush();
  }

  private onError(batch: Batch, error: unknown): void {
    if (this.batch !== batch) return;
    // The end of a connection is handled by `onLost`.
    if (error instanceof ConnectionLostError) return;
    batch.isSent = false;
    if (error instanceof ConflictError) return this.flush();
    this.batch = undefined;
    for (const pending of batch.items.values()) {
      this.forget(pending);
      pending.reject(toBrokerError(error));
    }
    this.flush();
  }

  private settle(pending: PendingPublication, outcome: string, position: Position): void {
    const { topic } = pending;
    if (outcome === 'FENCED') {
      pending.reject(fencedError(topic));
    } else if (outcome === 'MOVED') {
      pending.reject(movedError(topic));
    } else {
      const delivered = this.delivery.whenDelivered(topic);
      if (delivered !== undefined) {
        void delivered.then(() => {
          this.forget(pending);
          pending.resolve(position);
        });
        return;
      }
      pending.resolve(position);
    }
    this.forget(pending);
  }

  private remember(topic: string, chain: Chain): void {
    this.chains.delete(topic);
    this.chains.set(topic, chain);
    if (this.chains.size > MAX_REMEMBERED) this.chains.delete(this.chains.keys().next().value!);
  }

  private forget(pending: PendingPublication): void {
    if (this.byId.get(pending.publication.id) === pending) this.byId.delete(pending.publication.id);
    this.bytes -= pending.size;
  }

  private remove(pending: PendingPublication): void {
    const at = this.queue.indexOf(pending);
    if (at >= 0) this.queue.splice(at, 1);
    for (const [n, item] of this.batch?.items ?? []) if (item === pending) this.batch!.items.delete(n);
    this.forget(pending);
  }

  /** Drops the publications that `newest` supersedes. */
  private conflate(newest: PendingPublication): void {
    const older = this.waiting.filter((pending) => pending !== newest && pending.topic === newest.topic);
    for (const pending of older.reverse()) {
      if (!newest.supersedes(pending)) return;
      newest.replace(pending);
      this.remove(pending);
    }
  }

  private expireLater(): void {
    const { environment } = this.context;
    let first = Infinity;
    for (const pending of this.waiting) if (!pending.isLasting) first = Math.min(first, pending.since);
    this.expiry?.cancel();
    this.expiry = undefined;
    if (first === Infinity) return;
    const delay = first + this.bounds.timeoutMs - environment.monotonic();
    this.expiry = environment.setTimer(() => this.expire(), Math.max(1, delay));
  }

  private expire(): void {
    this.expiry = undefined;
    if (this.link.up || this.isDisposed) return;
    const due = this.context.environment.monotonic() - this.bounds.timeoutMs;
    for (const pending of this.waiting.filter(({ isLasting, since }) => !isLasting && since <= due)) {
      this.remove(pending);
      pending.reject(new BrokerError('unavailable', `PostgreSQL was out of reach for ${this.bounds.timeoutMs} ms.`));
    }
    this.expireLater();
  }
}
