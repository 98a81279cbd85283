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
