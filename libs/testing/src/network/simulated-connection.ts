import { Link } from './link.js';
import type { NetworkPath } from './network-path.js';
import type { Side } from './network-faults.js';

/** What sits at one end of a connection. */
export interface ConnectionEnd {
  /** The connection is gone, without a goodbye. */
  reset(): void;
}

/** Two directions and what sits at their ends. */
export class SimulatedConnection {
  /** From the client to the server. */
  readonly up: Link;
  /** From the server to the client. */
  readonly down: Link;
  private readonly ends: Partial<Record<Side, ConnectionEnd>> = {};

  constructor(private readonly path: NetworkPath) {
    const conditions = () => path.conditions;
    this.up = new Link(path.environment, conditions, (bytes) => path.record(`up ${bytes}`));
    this.down = new Link(path.environment, conditions, (bytes) => path.record(`down ${bytes}`));
  }

  attach(side: Side, end: ConnectionEnd): void {
    this.ends[side] = end;
  }

  /** The way out of one side. */
  from(side: Side): Link {
    return side === 'client' ? this.up : this.down;
  }

  /** Lost for both, who are told at once. */
  cut(): void {
    this.path.record('cut');
    this.end();
    this.ends.client?.reset();
    this.ends.server?.reset();
  }

  cutAfter(bytes: number): void {
    for (const link of [this.up, this.down]) link.limitTo(bytes, () => this.cut());
  }

  /** It is not cut after all, and what is on its way arrives now. */
  expedite(): void {
    for (const link of [this.up, this.down]) link.expedite();
  }

  /** Lost for one side; the other finds out by itself, or never. */
  halfOpen(told: Side): void {
    for (const link of [this.up, this.down]) link.hold();
    this.ends[told]?.reset();
  }

  /** One side is gone: nothing reaches it any more. The other has been told, or will not be. */
  left(side: Side): void {
    delete this.ends[side];
    if (this.ends.client === undefined && this.ends.server === undefined) this.end();
  }

  private end(): void {
    this.up.cut();
    this.down.cut();
    this.path.forget(this);
  }
}
