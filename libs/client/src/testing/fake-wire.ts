import type { Environment } from '../environment.js';

/** One direction of a connection: everything arrives in order, after a latency, and not while it is frozen. */
export class FakeWire {
  private readonly waiting: (() => void)[] = [];
  private lastArrival = 0;
  private isFrozen = false;
  private isCut = false;

  constructor(
    private readonly environment: Pick<Environment, 'monotonic' | 'setTimer'>,
    private readonly latency: () => number,
  ) {}

  carry(deliver: () => void): void {
    if (this.isCut) return;
    this.waiting.push(deliver);
    const now = this.environment.monotonic();
    const arrival = Math.max(this.lastArrival, now + this.latency());
    this.lastArrival = arrival;
    if (arrival <= now) queueMicrotask(() => this.arrive());
    else this.environment.setTimer(() => this.arrive(), arrival - now);
  }

  /** Nothing arrives, and nobody is told. */
  freeze(): void {
    this.isFrozen = true;
  }

  /** What was held back arrives, as it does when TCP sends it again. */
  thaw(): void {
    this.isFrozen = false;
    while (this.waiting.length > 0) this.arrive();
  }

  /** What is on the way is lost. */
  cut(): void {
    this.isCut = true;
    this.waiting.length = 0;
  }

  private arrive(): void {
    if (this.isFrozen || this.isCut) return;
    this.waiting.shift()?.();
  }
}
