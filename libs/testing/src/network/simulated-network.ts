import { IDEAL, type LinkConditions } from './link-conditions.js';
import type { LinkEnvironment } from './link.js';
import type { HttpMode, NetworkFaults, FaultScope, Side, UpgradeMode } from './network-faults.js';
import { NetworkPath } from './network-path.js';

type Fault = (path: NetworkPath) => void;

/** The network of all clients, with one path for each. A fault that lasts affects later paths as well. */
export class SimulatedNetwork implements NetworkFaults {
  /** One line for each event, `<virtual ms> <client> <event>`. Equal traces mean equal histories. */
  readonly trace: string[] = [];
  private readonly all: NetworkPath[] = [];
  /** Faults that last until `restore`, so that they affect new paths as well. */
  private readonly lasting = new Map<string, Fault>();
  private readonly initial: LinkConditions;
  private frozenUntil = 0;

  constructor(
    private readonly environment: LinkEnvironment,
    conditions: Partial<LinkConditions> = {},
  ) {
    this.initial = { ...IDEAL, ...conditions };
  }

  /** The paths of all clients, in the order of {@link path}. */
  get paths(): readonly NetworkPath[] {
    return this.all;
  }

  /** Adds the path of one more client. */
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
    this.onAllPaths((path) => path.latency(ms, jitter), 'latency');
  }

  bandwidth(bytesPerSecond: number): void {
    this.onAllPaths((path) => path.bandwidth(bytesPerSecond), 'throttle');
  }

  slice(bytes: number): void {
    this.onAllPaths((path) => path.slice(bytes), 'slice');
  }

  cut(): void {
    this.onAllPaths((path) => path.cut());
  }

  cutAfter(bytes: number): void {
    this.onAllPaths((path) => path.cutAfter(bytes));
  }

  halfOpen(notified: Side): void {
    this.onAllPaths((path) => path.halfOpen(notified));
  }

  blackhole(scope: FaultScope = 'all'): void {
    this.onAllPaths((path) => path.blackhole(scope), scope === 'all' ? 'blackhole' : undefined);
  }

  freeze(ms: number): void {
    this.frozenUntil = Math.max(this.frozenUntil, this.environment.monotonic() + ms);
    this.onAllPaths((path) => path.freeze(ms));
  }

  stopReading(): void {
    this.onAllPaths((path) => path.stopReading(), 'stopReading');
  }

  duplicate(requests = 1): void {
    this.onAllPaths((path) => path.duplicate(requests));
  }

  upgrades(mode: UpgradeMode): void {
    this.onAllPaths((path) => path.upgrades(mode), 'upgrades');
  }

  http(mode: HttpMode): void {
    this.onAllPaths((path) => path.http(mode), 'http');
  }

  restore(): void {
    this.lasting.clear();
    this.frozenUntil = 0;
    this.onAllPaths((path) => path.restore());
  }

  private onAllPaths(fault: Fault, lastingAs?: string): void {
    if (lastingAs !== undefined) this.lasting.set(lastingAs, fault);
    this.all.forEach(fault);
  }
}
