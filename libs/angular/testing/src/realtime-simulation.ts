import { ApplicationRef, DestroyRef, Injector } from '@angular/core';
import { FakeServer, VirtualEnvironment, type FakeServerOptions } from '@statewire/client/testing';
import { CLOSE_CODES } from '@statewire/protocol';

import { RealtimeNetwork } from './realtime-network.js';

export interface RealtimeSimulationOptions extends FakeServerOptions {
  /** What all randomness grows from: the same seed gives the same history. Default 1. */
  readonly seed?: number;
}

/**
 * The real client of the application, a server of the whole protocol in memory, and the network and the clock between
 * them. Provided by `provideRealtimeSimulation()`. Time passes only in what is awaited here.
 *
 * @example
 * const simulation = TestBed.inject(RealtimeSimulation);
 * simulation.server.publish(battle.with({ battleId: '1' }), { tick: 7 });
 * await simulation.until(() => page.textContent.includes('tick 7'));
 * simulation.network.upgrades('refuse');
 * simulation.server.restart({ keep: true });
 * await simulation.until(() => page.textContent.includes('polling'));
 */
export class RealtimeSimulation {
  /** Publish to its topics, handle actions, restart it. `expireToken` stands on its `verify`. */
  readonly server: FakeServer;
  readonly network: RealtimeNetwork;
  /** @internal */
  readonly environment: VirtualEnvironment;

  readonly #expired = new Set<string>();
  #presented: string | undefined;

  /** @internal */
  constructor(
    private readonly injector: Injector,
    { seed = 1, ...options }: RealtimeSimulationOptions,
  ) {
    this.environment = new VirtualEnvironment({ seed });
    this.server = new FakeServer(this.environment, options);
    this.network = new RealtimeNetwork(this.server, this.environment.setTimer);
    this.environment.fetch = this.network.fetch;
    this.server.verify = (token) => {
      this.#presented = token;
      return token !== undefined && this.#expired.has(token) ? 'expired' : undefined;
    };
    injector.get(DestroyRef).onDestroy(() => {
      this.environment.kill();
    });
  }

  /** Timers of the client and of the network that wait for time to pass. */
  get timers(): number {
    return this.environment.timers;
  }

  /**
   * Lets `ms` pass, and has the views show what came of it. A fixture that does not detect changes by itself, as under
   * zone.js without `autoDetectChanges()`, still needs `fixture.detectChanges()`.
   */
  async advance(ms: number): Promise<void> {
    this.#show();
    await this.environment.advance(ms);
    this.#show();
    await this.environment.settle();
    this.#show();
  }

  /**
   * Lets time pass until the condition holds; the views are up to date whenever it is asked.
   *
   * @param within milliseconds of virtual time. Default 60,000.
   * @throws Error when it did not hold by then; it says `what` was waited for.
   */
  async until(condition: () => boolean, what = 'a condition', within?: number): Promise<void> {
    this.#show();
    const holds = (): boolean => {
      this.#show();
      return condition();
    };
    await this.environment.until(holds, within, () => `still waiting for ${what}.`);
  }

  /**
   * The token that was presented last expires now: its WebSocket is closed with 4202 and its requests are refused, so
   * that the function of `withAuth` is asked for another.
   *
   * @throws Error where none was presented.
   */
  expireToken(): void {
    if (this.#presented === undefined) throw new Error('The client has presented no token that could expire.');
    this.#expired.add(this.#presented);
    this.server.close(CLOSE_CODES.tokenExpired.code);
  }

  #show(): void {
    this.injector.get(ApplicationRef).tick();
  }
}
