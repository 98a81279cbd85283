import type { Environment } from '../core/environment.js';
import { Batch } from './frame-encoder.js';

/** An outbox with a pending batch. */
export interface Flushable {
  /** Writes the pending batch. */
  flush(): void;
}

/** Flushes the outboxes of a node at the end of each tick. Every outbox with pending frames writes once per tick. */
export class FlushScheduler {
  /** The empty batch from which all outboxes of this tick start. */
  root = Batch.empty();
  private pending: Flushable[] = [];
  private readonly run = (): void => this.flushAll();

  /** @param budget limit for the buffered bytes of all outboxes together. Default: no limit. */
  constructor(
    private readonly environment: Pick<Environment, 'defer'>,
    readonly budget = new OutboxBudget(0, 0),
  ) {}

  /** Schedules a flush at the end of this tick. An outbox calls it once per tick. */
  schedule(outbox: Flushable): void {
    if (this.pending.push(outbox) === 1) this.environment.defer(this.run);
  }

  private flushAll(): void {
    const { pending } = this;
    this.pending = [];
    this.root = Batch.empty();
    for (const outbox of pending) outbox.flush();
    this.budget.enforce();
  }
}

/** An outbox whose socket buffers bytes. */
export interface BufferedWriter {
  /** Measures the bytes that the socket buffers now, and reports them to the budget. */
  reportBuffered(): void;
  /** Stops writing and closes the connection of the reader. */
  evict(): void;
}

/**
 * Limits the bytes that all outboxes of a node buffer together. At the end of a tick the budget evicts readers until
 * the total is below the limit. Readers above the soft limit go first, starting with the one that has been above it the
 * longest. The others follow, starting with the one that has had buffered bytes the longest.
 *
 * The bytes of an evicted reader no longer count, because its socket frees them when it closes.
 */
export class OutboxBudget {
  private totalBytes = 0;
  /** Writers above the soft limit, in the order in which they exceeded it. */
  private readonly lagging = new Set<BufferedWriter>();
  /** Writers with buffered bytes below the soft limit, in the order in which the first byte was buffered. */
  private readonly waiting = new Set<BufferedWriter>();

  /**
   * @param max bytes. 0: no limit.
   * @param softLimit bytes of one reader from which it lags. 0: every reader with buffered bytes lags.
   */
  constructor(
    private readonly max: number,
    private readonly softLimit: number,
  ) {}

  /** Buffered bytes of all outboxes, as of the last write of each. */
  get bytes(): number {
    return this.totalBytes;
  }

  /** Records a change of the buffered bytes of a writer from `before` to `now`. */
  update(writer: BufferedWriter, before: number, now: number): void {
    this.totalBytes += now - before;
    const isLagging = now > 0 && now >= this.softLimit;
    const [into, from] = isLagging ? [this.lagging, this.waiting] : [this.waiting, this.lagging];
    from.delete(writer);
    if (now > 0) into.add(writer);
    else into.delete(writer);
  }

  /** Evicts readers until the total is below the limit. The scheduler calls it once per tick. */
  enforce(): void {
    if (this.max === 0 || this.totalBytes <= this.max) return;
    this.evictFrom(this.lagging);
    this.evictFrom(this.waiting);
  }

  private evictFrom(writers: Set<BufferedWriter>): void {
    for (const writer of writers) {
      if (this.totalBytes <= this.max) return;
      // The reader may have made progress since its last report.
      writer.reportBuffered();
      if (this.totalBytes > this.max && writers.has(writer)) writer.evict();
    }
  }
}
