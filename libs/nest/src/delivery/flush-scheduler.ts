import type { Environment } from '../core/environment.js';
import { Batch } from './batch.js';
import { OutboxBudget } from './outbox-budget.js';

export interface Flushable {
  flush(): void;
}

/** Ends the tick for all outboxes of a node: each that has something pending writes once. One per node. */
export class FlushScheduler {
  /** Where the outboxes of this tick start. */
  root = Batch.empty();
  private dirty: Flushable[] = [];
  private readonly run = (): void => this.flushAll();

  /** @param budget what all outboxes may let wait together. Default: any number of bytes. */
  constructor(
    private readonly environment: Pick<Environment, 'defer'>,
    readonly budget = new OutboxBudget(0, 0),
  ) {}

  /** Called once per tick by an outbox that has something to write. */
  schedule(outbox: Flushable): void {
    if (this.dirty.push(outbox) === 1) this.environment.defer(this.run);
  }

  private flushAll(): void {
    const dirty = this.dirty;
    this.dirty = [];
    this.root = Batch.empty();
    for (const outbox of dirty) outbox.flush();
    this.budget.enforce();
  }
}
