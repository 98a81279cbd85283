import type { ClientEnvironment } from '@statewire/client';
import type { FakeConnection, FakeServer, NetworkFaults, Reach } from '@statewire/testing';

type Faults = Pick<NetworkFaults, 'latency' | 'cut' | 'blackhole' | 'freeze' | 'duplicate' | 'restore'>;

/** Milliseconds from one side to the other, or a function that is asked for each message. */
export type Latency = number | (() => number);

/** What can be done to the network of a component test, named as in `@statewire/testing-nest`. */
export class RealtimeNetwork implements Faults {
  #latency: Latency;
  #upgrades: 'pass' | 'reject' | 'hang' = 'pass';
  #http: 'pass' | 'unreachable' | 'hang' = 'pass';
  #isHole = false;
  #frozenUntil = 0;
  #wasSilent = false;
  /** What lies in a black hole that everything lies in. */
  readonly #held = new Set<FakeConnection>();
  /** What lies in a black hole of its own. */
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

  /** From now on everything takes `ms`, and up to `jitter` ms more, from one side to the other, until {@link restore}. */
  latency(ms: number, jitter = 0): void {
    this.#latency = () => ms + (jitter > 0 ? this.environment.random() * jitter : 0);
  }

  /** Every WebSocket is reset, and both sides are told. New ones can be made. */
  cut(): void {
    this.server.cut();
  }

  /**
   * Nothing gets through any more, and nobody is told, until {@link restore}.
   *
   * @param reach `all`, the default: new connections and requests hang as well. `open`: they do not, as where something
   * in between forgot the WebSockets that are open now.
   */
  blackhole(reach: Reach = 'all'): void {
    if (reach === 'open') {
      this.#hold(this.#forgotten);
      return;
    }
    this.#isHole = true;
    this.#apply();
  }

  /** A black hole that ends by itself after `ms`; what was sent on open sockets meanwhile arrives then. */
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

  /** The next HTTP requests reach the server twice, the second time when the first was answered, as proxies retry. */
  duplicate(requests = 1): void {
    this.#duplicates += requests;
  }

  /** What becomes of new WebSockets, until {@link restore}; those that are open stay. */
  upgrades(mode: 'pass' | 'reject' | 'hang'): void {
    this.#upgrades = mode;
    this.#apply();
  }

  /** What becomes of HTTP requests, until {@link restore}. */
  http(mode: 'pass' | 'unreachable' | 'hang'): void {
    this.#http = mode;
    this.#apply();
  }

  /** Everything is again as it was at the beginning; what open sockets held back arrives. */
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

  /** @internal Whether what was sent on it stays on the way. */
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
