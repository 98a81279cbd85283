import type { LinkConditions } from './link-conditions.js';
import type { LinkEnvironment } from './link.js';
import type { HttpMode, NetworkFaults, FaultScope, Side, UpgradeMode } from './network-faults.js';
import { SimulatedConnection } from './simulated-connection.js';

/** The reason why a path holds everything back: a fault, or a machine that sleeps or stalls. */
export type HoldReason = 'blackhole' | 'freeze' | 'sleep' | 'stall';

/** The network between one client and the server, with its connections and its faults. */
export class NetworkPath implements NetworkFaults {
  /** The conditions of every connection now. Each transmission reads them when it is sent. */
  conditions: LinkConditions;
  /** What happens to a WebSocket upgrade now. Default `pass`. */
  upgradeMode: UpgradeMode = 'pass';
  /** What happens to an HTTP request now. Default `pass`. */
  httpMode: HttpMode = 'pass';

  private readonly open = new Set<SimulatedConnection>();
  private readonly holds = new Set<HoldReason>();
  /** Open connections that `blackhole('open')` holds back. */
  private readonly heldBack = new Set<SimulatedConnection>();
  private isReading = true;
  private frozenUntil = 0;
  private duplicates = 0;
  private cutNextAfter: number | undefined;

  constructor(
    /** The clock, timers and randomness of all links. */
    readonly environment: LinkEnvironment,
    private readonly initial: LinkConditions,
    /** Receives a line for each event. */
    readonly record: (what: string) => void = () => undefined,
  ) {
    this.conditions = initial;
  }

  /** The open connections, in the order in which they opened. */
  get connections(): readonly SimulatedConnection[] {
    return [...this.open];
  }

  /** Opens a connection. It has the faults that last, such as a black hole. */
  connect(): SimulatedConnection {
    this.record('connect');
    const connection = new SimulatedConnection(this);
    this.open.add(connection);
    if (this.holds.size > 0) hold(connection);
    if (!this.isReading) connection.down.hold();
    if (this.cutNextAfter !== undefined) connection.cutAfter(this.cutNextAfter);
    this.cutNextAfter = undefined;
    return connection;
  }

  /** Removes a connection that has ended. */
  forget(connection: SimulatedConnection): void {
    this.open.delete(connection);
    this.heldBack.delete(connection);
  }

  /** Returns whether the next request reaches the server twice, and counts it. */
  takeDuplicate(): boolean {
    if (this.duplicates === 0) return false;
    this.duplicates -= 1;
    return true;
  }

  latency(latency: number, jitter = 0): void {
    this.conditions = { ...this.conditions, latency, jitter };
  }

  bandwidth(bytesPerSecond: number): void {
    this.conditions = { ...this.conditions, bytesPerSecond };
  }

  slice(slice: number): void {
    this.conditions = { ...this.conditions, slice };
  }

  cut(): void {
    for (const connection of this.connections) connection.cut();
  }

  cutAfter(bytes: number): void {
    if (this.open.size === 0) this.cutNextAfter = bytes;
    for (const connection of this.connections) connection.cutAfter(bytes);
  }

  halfOpen(notified: Side): void {
    for (const connection of this.connections) connection.halfOpen(notified);
  }

  blackhole(scope: FaultScope = 'all'): void {
    if (scope === 'all') return this.hold('blackhole');
    for (const connection of this.open) {
      if (!this.heldBack.has(connection)) hold(connection);
      this.heldBack.add(connection);
    }
  }

  freeze(ms: number): void {
    const until = this.environment.monotonic() + ms;
    this.frozenUntil = Math.max(this.frozenUntil, until);
    this.hold('freeze');
    this.environment.setTimer(() => {
      if (this.frozenUntil === until) this.release('freeze');
    }, ms);
  }

  stopReading(): void {
    if (!this.isReading) return;
    this.isReading = false;
    for (const { down } of this.open) down.hold();
  }

  duplicate(requests = 1): void {
    this.duplicates += requests;
  }

  upgrades(mode: UpgradeMode): void {
    this.upgradeMode = mode;
  }

  http(mode: HttpMode): void {
    this.httpMode = mode;
  }

  restore(): void {
    this.conditions = this.initial;
    this.upgradeMode = 'pass';
    this.httpMode = 'pass';
    this.duplicates = 0;
    this.cutNextAfter = undefined;
    for (const connection of this.open) connection.expedite();
    if (!this.isReading) for (const { down } of this.open) down.release();
    this.isReading = true;
    this.heldBack.forEach(release);
    this.heldBack.clear();
    this.release('blackhole');
    this.frozenUntil = 0;
    this.release('freeze');
  }

  /** Holds back the bytes of all connections, also of new ones. A second hold for the same reason does nothing. */
  hold(why: HoldReason): void {
    if (this.holds.size === 0) this.open.forEach(hold);
    this.holds.add(why);
  }

  /** Ends a hold. The bytes move when no reason to hold them is left. */
  release(why: HoldReason): void {
    if (this.holds.delete(why) && this.holds.size === 0) this.open.forEach(release);
  }
}

function hold({ up, down }: SimulatedConnection): void {
  up.hold();
  down.hold();
}

function release({ up, down }: SimulatedConnection): void {
  up.release();
  down.release();
}
