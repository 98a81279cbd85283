import type { ClientEnvironment } from '@statewire/client';
import type { FakeConnection, FakeServer, NetworkFaults, Reach } from '@statewire/testing';

type Faults = Pick<NetworkFaults, 'latency' | 'cut' | 'blackhole' | 'freeze' | 'duplicate' | 'restore'>;

/** Milliseconds from one end to the other, or a function that returns them for each message. */
export type Latency = number | (() => number);

/** The faults of the network of a component test. They have the same names as in `@statewire/testing-nest`. */
export class RealtimeNetwork implements Faults {
  #latency: Latency;
  #upgrades: 'pass' | 'reject' | 'hang' = 'pass';
  #http: 'pass' | 'unreachable' | 'hang' = 'pass';
  #isHole = false;
  #frozenUntil = 0;
  #wasSilent = false;
  /** Connections that `blackhole()` or `freeze()` holds back. */
  readonly #held = new Set<FakeConnection>();
  /** Connections that `blackhole('open')` holds back. */
  readonly #forgotten = new Set<FakeConnection>();
  #duplicates = 0;

  /** @internal */
  constructor(
    private readonly server: FakeServer,
    private readonly environment: Pick<ClientEnvironment, 'setTimer' | 'monotonic' | 'random'>,
    private readonly initial: Latency,
  ) {
    this.#latency = initial;
  }

  /** Delays every message by `ms`, and by a random time up to `jitter` ms more, until {@link restore}. */
  latency(ms: number, jitter = 0): void {
    this.#latency = () => ms + (jitter > 0 ? this.environment.random() * jitter : 0);
  }

  /** Resets every open WebSocket. Both ends notice at once. New WebSockets work. */
  cut(): void {
    this.server.cut();
  }

  /**
   * Holds all messages back, and neither end notices. {@link restore} delivers them.
   *
   * @param reach `all` (default): new WebSockets and requests hang as well. `open`: new WebSockets and requests work, as
   * if a firewall had dropped the state of the open ones.
   */
  blackhole(reach: Reach = 'all'): void {
    if (reach === 'open') {
      this.#hold(this.#forgotten);
      return;
    }
    this.#isHole = true;
    this.#apply();
  }

  /** Holds all messages back for `ms`, and then delivers those of open WebSockets. */
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

  /**
   * Delivers the next HTTP requests to the server twice, as a proxy that retries does. The second delivery follows the
   * first answer.
   *
   * @param requests number of requests. Default 1.
   */
  duplicate(requests = 1): void {
    this.#duplicates += requests;
  }

  /** Decides what happens to new WebSockets until {@link restore}. Open ones stay. */
  upgrades(mode: 'pass' | 'reject' | 'hang'): void {
    this.#upgrades = mode;
    this.#apply();
  }

  /** Decides what happens to HTTP requests until {@link restore}. */
  http(mode: 'pass' | 'unreachable' | 'hang'): void {
    this.#http = mode;
    this.#apply();
  }

  /** Ends every fault, returns to the initial latency, and delivers the messages that were held back. */
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

  /** @internal Whether the network holds the messages of the connection back. */
  holds(connection: FakeConnection): boolean {
    return this.#held.has(connection) || this.#forgotten.has(connection);
  }

  /** @internal */
  readonly delay = (): number => (typeof this.#latency === 'number' ? this.#latency : this.#latency());

  /** @internal */
  readonly fetch: typeof globalThis.fetch = async (input, init) => {
    const { fetch } = this.server.network;
    if (fetch === undefined) throw new TypeError('The fake server answers no HTTP.');
    if (this.#duplicates > 0) {
      this.#duplicates -= 1;
      await fetch(input, init);
    }
    return fetch(input, init);
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
