/** An outbox that owes its socket's memory to the node. */
export interface Debtor {
  /** Looks again how many bytes wait, and tells the budget. */
  settle(): void;
  /** Gives its reader up. */
  giveUp(): void;
}

/**
 * What all outboxes of a node let wait together. Each tells when its own bytes change; above `most` readers are given up
 * at the end of the tick until it is kept: first those that lag, the one that has lagged longest before the others, then
 * whoever has had something waiting for longest without a break.
 *
 * Bytes of a reader that is given up do not count any more: its socket frees them when it is gone.
 */
export class OutboxBudget {
  private total = 0;
  /** Ordered by the moment at which they passed the share, and did not fall below since. */
  private readonly lagging = new Set<Debtor>();
  /** Ordered by the moment at which the first byte had to wait. */
  private readonly waiting = new Set<Debtor>();

  /**
   * @param most bytes. 0: any number.
   * @param share bytes from which a reader lags. 0: whoever has something waiting does.
   */
  constructor(
    private readonly most: number,
    private readonly share: number,
  ) {}

  /** Bytes that wait, as of the last write of each outbox. */
  get bytes(): number {
    return this.total;
  }

  changed(debtor: Debtor, before: number, now: number): void {
    this.total += now - before;
    const lags = now > 0 && now >= this.share;
    const [into, from] = lags ? [this.lagging, this.waiting] : [this.waiting, this.lagging];
    from.delete(debtor);
    if (now > 0) into.add(debtor);
    else into.delete(debtor);
  }

  /** Called once per tick. */
  enforce(): void {
    if (this.most === 0 || this.total <= this.most) return;
    this.giveUp(this.lagging);
    this.giveUp(this.waiting);
  }

  private giveUp(debtors: Set<Debtor>): void {
    for (const debtor of debtors) {
      if (this.total <= this.most) return;
      // It may have read since it was last looked at.
      debtor.settle();
      if (this.total > this.most && debtors.has(debtor)) debtor.giveUp();
    }
  }
}
