import type { Environment } from '@statewire/client';
import type { FakeServer, NetworkFaults } from '@statewire/client/testing';

/** What can be done to the network of a component test, named as in `@statewire/nest/testing`. */
export class RealtimeNetwork implements Pick<NetworkFaults, 'cut' | 'blackhole' | 'freeze' | 'duplicate' | 'heal'> {
  #duplicates = 0;

  /** @internal */
  constructor(
    private readonly server: FakeServer,
    private readonly setTimer: Environment['setTimer'],
  ) {}

  /** Every WebSocket is reset, and both sides are told. New ones can be made. */
  cut(): void {
    this.server.cut();
  }

  /** Nothing gets through any more, and nobody is told, until {@link heal}. New connections hang as well. */
  blackhole(): void {
    this.server.blackhole();
    this.upgrades('hang');
    this.http('hang');
  }

  /** A black hole that heals by itself after `ms`; what was sent on open sockets meanwhile arrives then. */
  freeze(ms: number): void {
    this.blackhole();
    this.setTimer(() => this.heal(), ms);
  }

  /** The next HTTP requests reach the server twice, the second time when the first was answered, as proxies retry. */
  duplicate(requests = 1): void {
    this.#duplicates += requests;
  }

  /** What becomes of new WebSockets, until {@link heal}; those that are open stay. */
  upgrades(mode: 'pass' | 'refuse' | 'hang'): void {
    this.server.upgrades = mode === 'pass' ? 'accept' : mode;
  }

  /** What becomes of HTTP requests, until {@link heal}. */
  http(mode: 'pass' | 'unreachable' | 'hang'): void {
    this.server.http = mode === 'pass' ? 'up' : mode === 'hang' ? 'hanging' : mode;
  }

  /** Everything is again as it was at the beginning; what open sockets held back arrives. */
  heal(): void {
    this.#duplicates = 0;
    this.upgrades('pass');
    this.http('pass');
    this.server.heal();
  }

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
}
