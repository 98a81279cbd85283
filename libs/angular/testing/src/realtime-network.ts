import type { ClientEnvironment } from '@statewire/client';
import type { FakeConnection, FakeServer, HttpMode, MessageFaults, FaultScope, UpgradeMode } from '@statewire/testing';

/** Milliseconds from one end to the other, or a function that returns them for each message. */
export type Latency = number | (() => number);

/**
 * The network of a component test. An HTTP request that begins during a black hole or a freeze stays unanswered after
 * it. The second delivery of a duplicated request follows the first answer.
 */
export class RealtimeNetwork implements MessageFaults {
  #latency: Latency;
  #upgrades: UpgradeMode = 'pass';
  #http: HttpMode = 'pass';
  #isHole = false;
  #frozenUntil = 0;
  #wasSilent = false;
  /** Connections that `blackhole()` or `freeze()` holds back. */
  readonly #held = new Set<FakeConnection>();
  /** Connections that `blackhole('open')` holds back. */
  readonly #forgotten = new Set<FakeConnection>();
  #duplicates = 0;

  constructor(
    private readonly server: FakeServer,
    private readonly environment: Pick<ClientEnvironment, 'setTimer' | 'monotonic' | 'random'>,
    private readonly initial: Latency,
  ) {
    this.#latency = initial;
  }

  latency(ms: number, jitter = 0): void {
    this.#latency = () => ms + (jitter > 0 ? this.environment.random() * jitter : 0);
  }

  cut(): void {
    this.server.cut();
  }

  blackhole(scope: FaultScope = 'all'): void {
    if (scope === 'open') {
      this.#hold(this.#forgotten);
      return;
    }
    this.#isHole = true;
    this.#apply();
  }

  freeze(ms: number): void {
    const until = this.environment.monotonic() + ms;
    this.#frozenUntil = Math.max(this.#frozenUntil, until);
    this.#apply();
    this.environment.setTimer(() => {
      if (this.#frozenUntil !== until) return;
      this.#frozenUntil = 0;
      this.#apply();
    }, ms);
  }

  duplicate(requests = 1): void {
    this.#duplicates += requests;
  }

  upgrades(mode: UpgradeMode): void {
    this.#upgrades = mode;
    this.#apply();
  }

  http(mode: HttpMode): void {
    this.#http = mode;
    this.#apply();
  }

  restore(): void {
    this.#latency = this.initial;
    this.#upgrades = 'pass';
    this.#http = 'pass';
    this.#isHole = false;
    this.#frozenUntil = 0;
    this.#duplicates = 0;
    this.#apply();
    for (const connection of this.#forgotten) connection.restore();
    this.#forgotten.clear();
  }

  /** Whether the network holds the messages of the connection back. */
  holds(connection: FakeConnection): boolean {
    return this.#held.has(connection) || this.#forgotten.has(connection);
  }

  /** Returns the milliseconds that the next message takes. */
  readonly delay = (): number => (typeof this.#latency === 'number' ? this.#latency : this.#latency());

  /** Sends a request to the server, twice if {@link duplicate} says so. */
  readonly fetch: typeof globalThis.fetch = async (input, init) => {
    const { fetch } = this.server.network;
    if (fetch === undefined) throw new TypeError('The fake server answers no HTTP.');
    if (this.#duplicates > 0) {
      this.#duplicates -= 1;
      await fetch(input, init);
    }
    const answer = fetch(input, init);
    // The `await` of the client comes a microtask later, and zone.js would report the rejection as unhandled.
    answer.catch(() => undefined);
    return answer;
  };

  #apply(): void {
    const isSilent = this.#isHole || this.#frozenUntil > 0;
    const upgrades = isSilent ? 'hang' : this.#upgrades;
    const http = isSilent ? 'hang' : this.#http;
    this.server.upgrades(upgrades);
    this.server.http(http);
    if (isSilent && !this.#wasSilent) this.#hold(this.#held);
    if (!isSilent && this.#wasSilent) this.#release();
    this.#wasSilent = isSilent;
  }

  #hold(why: Set<FakeConnection>): void {
    for (const connection of this.server.connections) {
      connection.blackhole();
      why.add(connection);
    }
  }

  #release(): void {
    for (const connection of this.#held) if (!this.#forgotten.has(connection)) connection.restore();
    this.#held.clear();
  }
}
