import { ApplicationRef, DestroyRef, Injector, type InjectionToken } from '@angular/core';
import type { ComponentFixture } from '@angular/core/testing';
import type { ClientOption, RealtimeClientToken } from '@statewire/angular';
import {
  FakeServer,
  type FakeServerOptions,
  type MessageFaults,
  type VirtualEnvironment,
  type VirtualProcess,
} from '@statewire/testing';
import { CLOSE_CODES } from '@statewire/protocol';

import { namedToken } from './named-token.js';
import { RealtimeNetwork } from './realtime-network.js';

const tokenOf = namedToken<RealtimeSimulation>('RealtimeSimulation');

/** Options of `provideRealtimeSimulation()`: those of the fake server, and of the clock. */
export interface RealtimeSimulationOptions extends FakeServerOptions, ClientOption {
  /** Seed of all randomness. The same seed gives the same history. Default 1. */
  readonly seed?: number;
  /** Start of the wall clock, in milliseconds since the Unix epoch. Default: the time of the host, as in the page. */
  readonly start?: number;
}

/** Milliseconds of virtual time. */
const DEFAULT_WITHIN = 60_000;

/**
 * The real client of the application, a server of the whole protocol in memory, and a network and a clock between them.
 * `provideRealtimeSimulation()` provides it. Time passes only while a test awaits a method of the simulation.
 *
 * @example
 * const simulation = TestBed.inject(RealtimeSimulation);
 * simulation.server.publish(battle.with({ battleId: '1' }), { tick: 7 });
 * const page = TestBed.createComponent(BattlePage);
 * await simulation.shows(page, 'tick 7');
 * simulation.network.upgrades('reject');
 * simulation.server.restart({ keep: true });
 * await simulation.shows(page, 'polling');
 */
export class RealtimeSimulation {
  /** Returns the token of the simulation of a named client: `TestBed.inject(RealtimeSimulation.of(PLAY))`. */
  static of(client: RealtimeClientToken): InjectionToken<RealtimeSimulation> {
    return tokenOf(client);
  }

  /** The server. A test publishes to its topics, handles actions and restarts it. `expireToken()` uses its `verify`. */
  readonly server: FakeServer;
  /** The faults of the network, with the names that every kit uses. */
  readonly network: MessageFaults;
  /** @internal */
  readonly environment: VirtualProcess;

  readonly #network: RealtimeNetwork;
  readonly #expired = new Set<string>();
  #presented: string | undefined;

  /** The clock of the client and of the network. `Date` and `setTimeout` of the page stay those of the host. */
  readonly clock: Pick<VirtualEnvironment, 'advance' | 'now' | 'monotonic'>;

  /** @internal */
  constructor(
    private readonly injector: Injector,
    /** @internal The time of all simulations of the test. */
    readonly time: VirtualEnvironment,
    { latency = 0, client, ...options }: RealtimeSimulationOptions,
  ) {
    const environment = client === undefined ? time : time.fork();
    this.environment = environment;
    this.clock = { advance: (ms) => this.#advance(ms), now: environment.now, monotonic: environment.monotonic };
    this.server = new FakeServer(environment, { ...options, latency: () => this.#network.delay() });
    this.#network = new RealtimeNetwork(this.server, environment, latency);
    this.network = this.#network;
    environment.fetch = this.#network.fetch;
    this.server.verify = (token) => {
      this.#presented = token;
      return token !== undefined && this.#expired.has(token) ? 'expired' : undefined;
    };
    injector.get(DestroyRef).onDestroy(() => environment.kill());
  }

  /** Number of timers of the client and of the network that wait. */
  get timers(): number {
    return this.environment.timers;
  }

  /**
   * Lets time pass until the condition holds.
   *
   * After `cut()`, `restart()` or another close it first waits until the client has noticed the end of every WebSocket,
   * unless a black hole or a freeze holds the messages back. So `live` means live on the new server. Before each check
   * it updates the views of the application. Only {@link shows} updates a fixture that does not detect changes by
   * itself, such as a fixture under zone.js without `autoDetectChanges()`.
   *
   * @param what names the condition in the error.
   * @param within milliseconds of virtual time. Default 60,000.
   * @throws Error that names the condition if it does not hold in time.
   */
  async until(condition: () => boolean, what = 'a condition', within?: number): Promise<void> {
    await this.#until(condition, () => `still waiting for ${what}.`, within);
  }

  /**
   * Lets time pass until the text of the page contains or matches `expected`. White space counts as one space. Waits
   * like {@link until} until the client has noticed ended WebSockets.
   *
   * @param page an element, or a fixture, whose changes it detects.
   * @param within milliseconds of virtual time. Default 60,000.
   * @throws Error with the text that the page shows instead.
   */
  async shows(
    page: HTMLElement | Pick<ComponentFixture<unknown>, 'nativeElement' | 'detectChanges'>,
    expected: string | RegExp,
    within?: number,
  ): Promise<void> {
    const text = (): string => {
      if ('detectChanges' in page) page.detectChanges();
      const element = ('detectChanges' in page ? page.nativeElement : page) as HTMLElement;
      return element.textContent.replace(/\s+/g, ' ').trim();
    };
    const fits = (): boolean =>
      typeof expected === 'string' ? text().includes(expected) : text().search(expected) >= 0;
    await this.#until(fits, () => `waiting for ${String(expected)}, the page shows: ${text()}`, within);
  }

  /** Lets time pass until the promise settles, and returns its result. */
  async outcome<T>(work: Promise<T>): Promise<T> {
    let isSettled = false;
    const settle = (): void => void (isSettled = true);
    work.then(settle, settle);
    await this.until(() => isSettled, 'a promise to settle');
    return work;
  }

  /**
   * Expires the token that the client presented last. The server closes its WebSocket with 4202 and rejects its
   * requests. The client then calls the function of `withAuth` for a new token. If it gets the same token again, its
   * status becomes `denied`.
   *
   * @throws Error if the client has presented no token.
   */
  expireToken(): void {
    if (this.#presented === undefined)
      throw new Error('The client has presented no token, so none can expire. Provide withAuth().');
    this.#expired.add(this.#presented);
    this.server.close(CLOSE_CODES.tokenExpired.code);
  }

  async #advance(ms: number): Promise<void> {
    this.#show();
    await this.time.advance(ms);
    this.#show();
    await this.time.settle();
    this.#show();
  }

  async #until(condition: () => boolean, instead: () => string, within = DEFAULT_WITHIN): Promise<void> {
    const holds = (): boolean => {
      this.#show();
      return !this.#isEndOnTheWay() && condition();
    };
    this.#show();
    await this.time.until(holds, within, instead);
  }

  #isEndOnTheWay(): boolean {
    return this.server.closing.some((connection) => !this.#network.holds(connection));
  }

  #show(): void {
    this.injector.get(ApplicationRef).tick();
  }
}
