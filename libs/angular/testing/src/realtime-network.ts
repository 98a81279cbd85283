import type { Environment } from '@statewire/client';
import type { FakeServer, NetworkFaults, Reach } from '@statewire/client/testing';

type Faults = Pick<NetworkFaults, 'latency' | 'cut' | 'blackhole' | 'freeze' | 'duplicate' | 'heal'>;

/** Milliseconds from one side to the other, or a function that is asked for each message. */
export type Latency = number | (() => number);

/** What can be done to the network of a component test, named as in `@statewire/nest/testing`. */
export class RealtimeNetwork implements Faults {
  #latency: Latency;
  #upgrades: 'pass' | 'refuse' | 'hang' = 'pass';
  #http: 'pass' | 'unreachable' | 'hang' = 'pass';
  #isHole = false;
  #frozenUntil = 0;
  #wasSilent = false;
  #hasForgotten = false;
  #duplicates = 0;

  /** @internal */
  constructor(
    private readonly server: FakeServer,
    private readonly environment: Pick<Environment, 'setTimer' | 'monotonic' | 'random'>,
    private readonly initial: Latency,
  ) {
    this.#latency = initial;
  }

  /** From now on everything takes `ms`, and up to `jitter` ms more, from one side to the other, until {@link heal}. */
  latency(ms: number, jitter = 0): void {
    this.#latency = () => ms + (jitter > 0 ? this.environment.random() * jitter : 0);
  }

  /** Every WebSocket is reset, and both sides are told. New ones can be made. */
  cut(): void {
    this.server.cut();
  }

  /**
   * Nothing gets through any more, and nobody is told, until {@link heal}.
   *
   * @param reach `all`, the default: new connections and requests hang as well. `open`: they do not, as where something
   * in between forgot the WebSockets that are open now.
   */
  blackhole(reach: Reach = 'all'): void {
    if (reach === 'open') {
      this.#hasForgotten = true;
      this.server.blackhole();
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

  /** What becomes of new WebSockets, until {@link heal}; those that are open stay. */
  upgrades(mode: 'pass' | 'refuse' | 'hang'): void {
    this.#upgrades = mode;
    this.#apply();
  }

  /** What becomes of HTTP requests, until {@link heal}. */
  http(mode: 'pass' | 'unreachable' | 'hang'): void {
    this.#http = mode;
    this.#apply();
  }

  /** Everything is again as it was at the beginning; what open sockets held back arrives. */
  heal(): void {
    this.#latency = this.initial;
    this.#upgrades = 'pass';
    this.#http = 'pass';
    this.#isHole = false;
    this.#frozenUntil = 0;
    this.#duplicates = 0;
    this.#apply();
    if (this.#hasForgotten) this.server.heal();
    this.#hasForgotten = false;
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
    this.server.upgrades = upgrades === 'pass' ? 'accept' : upgrades;
    this.server.http = http === 'pass' ? 'up' : http === 'hang' ? 'hanging' : http;
    if (isSilent && !this.#wasSilent) this.server.blackhole();
    if (!isSilent && this.#wasSilent && !this.#hasForgotten) this.server.heal();
    this.#wasSilent = isSilent;
  }
}
