import { IDEAL, type LinkConditions } from './link-conditions.js';
import type { LinkEnvironment } from './link.js';
import type { HttpMode, NetworkFaults, Reach, Side, UpgradeMode } from './network-faults.js';
import { NetworkPath } from './network-path.js';

type Fault = (path: NetworkPath) => void;

/** The network of everybody: one path for each client. What is done to it befalls every path, those to come included. */
export class SimulatedNetwork implements NetworkFaults {
  /**
   * Everything that happened: `<virtual ms> <client> <what>`. Two histories are the same where this is.
   */
  readonly trace: string[] = [];
  private readonly all: NetworkPath[] = [];
  /** What lasts until `heal`, and therefore befalls new paths as well. */
  private readonly lasting = new Map<string, Fault>();
  private readonly initial: LinkConditions;
  private frozenUntil = 0;

  constructor(
    private readonly environment: LinkEnvironment,
    conditions: Partial<LinkConditions> = {},
  ) {
    this.initial = { ...IDEAL, ...conditions };
  }

  get paths(): readonly NetworkPath[] {
    return this.all;
  }

  /** The way of one more client. */
  path(): NetworkPath {
    const client = this.all.length;
    const record = (what: string): void => {
      this.trace.push(`${this.environment.monotonic().toFixed(3)} ${client} ${what}`);
    };
    const path = new NetworkPath(this.environment, this.initial, record);
    this.all.push(path);
    for (const fault of this.lasting.values()) fault(path);
    const frozenFor = this.frozenUntil - this.environment.monotonic();
    if (frozenFor > 0) path.freeze(frozenFor);
    return path;
  }

  latency(ms: number, jitter = 0): void {
    this.everywhere((path) => path.latency(ms, jitter), 'latency');
  }

  throttle(bytesPerSecond: number): void {
    this.everywhere((path) => path.throttle(bytesPerSecond), 'throttle');
  }

  slice(bytes: number): void {
    this.everywhere((path) => path.slice(bytes), 'slice');
  }

  cut(): void {
    this.everywhere((path) => path.cut());
  }

  cutAfter(bytes: number): void {
    this.everywhere((path) => path.cutAfter(bytes));
  }

  halfOpen(told: Side): void {
    this.everywhere((path) => path.halfOpen(told));
  }

  blackhole(reach: Reach = 'all'): void {
    this.everywhere((path) => path.blackhole(reach), reach === 'all' ? 'blackhole' : undefined);
  }

  freeze(ms: number): void {
    this.frozenUntil = Math.max(this.frozenUntil, this.environment.monotonic() + ms);
    this.everywhere((path) => path.freeze(ms));
  }

  stopReading(): void {
    this.everywhere((path) => path.stopReading(), 'stopReading');
  }

  duplicate(requests = 1): void {
    this.everywhere((path) => path.duplicate(requests));
  }

  upgrades(mode: UpgradeMode): void {
    this.everywhere((path) => path.upgrades(mode), 'upgrades');
  }

  http(mode: HttpMode): void {
    this.everywhere((path) => path.http(mode), 'http');
  }

  heal(): void {
    this.lasting.clear();
    this.frozenUntil = 0;
    this.everywhere((path) => path.heal());
  }

  private everywhere(fault: Fault, lastingAs?: string): void {
    if (lastingAs !== undefined) this.lasting.set(lastingAs, fault);
    this.all.forEach(fault);
  }
}
