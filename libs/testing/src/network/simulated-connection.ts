import { Link } from './link.js';
import type { NetworkPath } from './network-path.js';
import type { Side } from './network-faults.js';

/** The receiver at one end of a connection. */
export interface ConnectionEnd {
  /** The network reset the connection. */
  reset(): void;
}

/** A connection with its two directions and its two ends. */
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

  /** Sets the receiver of one end. It replaces an earlier one. */
  attach(side: Side, end: ConnectionEnd): void {
    this.ends[side] = end;
  }

  /** Returns the direction in which this end sends. */
  from(side: Side): Link {
    return side === 'client' ? this.up : this.down;
  }

  /** Resets both ends at once. */
  cut(): void {
    this.path.record('cut');
    this.end();
    this.ends.client?.reset();
    this.ends.server?.reset();
  }

  /** Resets both ends after this many more bytes in either direction. */
  cutAfter(bytes: number): void {
    for (const link of [this.up, this.down]) link.limitTo(bytes, () => this.cut());
  }

  /** Removes the limit of {@link cutAfter} and delivers everything that is under way. */
  expedite(): void {
    for (const link of [this.up, this.down]) link.expedite();
  }

  /** Resets one end only. */
  halfOpen(notified: Side): void {
    for (const link of [this.up, this.down]) link.hold();
    this.ends[notified]?.reset();
  }

  /** Detaches an end that is gone. Nothing reaches it any more. */
  detach(side: Side): void {
    delete this.ends[side];
    if (this.ends.client === undefined && this.ends.server === undefined) this.end();
  }

  private end(): void {
    this.up.cut();
    this.down.cut();
    this.path.forget(this);
  }
}
