import { ApplicationRef, DestroyRef, Injector } from '@angular/core';
import type { ComponentFixture } from '@angular/core/testing';
import { FakeServer, VirtualEnvironment, type FakeServerOptions } from '@statewire/testing';
import { CLOSE_CODES } from '@statewire/protocol';

import { RealtimeNetwork } from './realtime-network.js';

export interface RealtimeSimulationOptions extends FakeServerOptions {
  /** What all randomness grows from: the same seed gives the same history. Default 1. */
  readonly seed?: number;
  /** The wall clock at the beginning, ms since the Unix epoch. Default: the time of the host, as the page has it. */
  readonly start?: number;
}

/** Milliseconds of virtual time. */
const DEFAULT_WITHIN = 60_000;

/**
 * The real client of the application, a server of the whole protocol in memory, and the network and the clock between
 * them. Provided by `provideRealtimeSimulation()`. Time passes only in what is awaited here.
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
  /** Publish to its topics, handle actions, restart it. `expireToken` stands on its `verify`. */
  readonly server: FakeServer;
  readonly network: RealtimeNetwork;
  /** @internal */
  readonly environment: VirtualEnvironment;

  readonly #expired = new Set<string>();
  #presented: string | undefined;

  /** The clock of the client and of the network; the page's own `Date` and `setTimeout` are the host's. */
  readonly clock: Pick<VirtualEnvironment, 'advance' | 'now' | 'monotonic'>;

  /** @internal */
  constructor(
    private readonly injector: Injector,
    { seed = 1, start = Date.now(), latency = 0, ...options }: RealtimeSimulationOptions,
  ) {
    const environment = new VirtualEnvironment({ seed, start });
    this.environment = environment;
    this.clock = { advance: (ms) => this.#advance(ms), now: environment.now, monotonic: environment.monotonic };
    this.server = new FakeServer(environment, { ...options, latency: () => this.network.delay() });
    this.network = new RealtimeNetwork(this.server, environment, latency);
    environment.fetch = this.network.fetch;
    this.server.verify = (token) => {
      this.#presented = token;
      return token !== undefined && this.#expired.has(token) ? 'expired' : undefined;
    };
    injector.get(DestroyRef).onDestroy(() => environment.kill());
  }

  /** Timers of the client and of the network that wait for time to pass. */
  get timers(): number {
    return this.environment.timers;
  }

  /**
   * Lets time pass until the condition holds, and the client has heard of every socket that `cut()`, `restart()` or
   * another close ended, unless a black hole or a freeze keeps it from hearing: what is shown as live after a restart is
   * then live with the server that came back. The views of the application are up to date whenever it is asked. A
   * fixture that does not detect changes by itself, as under zone.js without `autoDetectChanges()`, is brought up to
   * date by {@link shows} only.
   *
   * @param within milliseconds of virtual time. Default 60,000.
   * @throws Error when it did not hold by then; it says `what` was waited for.
   */
  async until(condition: () => boolean, what = 'a condition', within?: number): Promise<void> {
    await this.#until(condition, () => `still waiting for ${what}.`, within);
  }

  /**
   * Lets time pass until the text of the page, white space as one space, has or matches what is expected. Waits for
   * the client to hear of ended sockets, as {@link until} does.
   *
   * @param page a fixture, whose changes are detected, or an element.
   * @param within milliseconds of virtual time. Default 60,000.
   * @throws Error that says what the page shows instead.
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

  /** Lets time pass until the promise settles, and passes its outcome on. */
  async outcome<T>(work: Promise<T>): Promise<T> {
    let isSettled = false;
    const settle = (): void => void (isSettled = true);
    work.then(settle, settle);
    await this.until(() => isSettled, 'a promise to settle');
    return work;
  }

  /**
   * The token that was presented last expires now: its WebSocket is closed with 4202 and its requests are refused, so
   * that the function of `withAuth` is asked for another. Where it gives the same one again the client is denied.
   *
   * @throws Error where none was presented.
   */
  expireToken(): void {
    if (this.#presented === undefined) throw new Error('The client has presented no token that could expire.');
    this.#expired.add(this.#presented);
    this.server.close(CLOSE_CODES.tokenExpired.code);
  }

  async #advance(ms: number): Promise<void> {
    this.#show();
    await this.environment.advance(ms);
    this.#show();
    await this.environment.settle();
    this.#show();
  }

  async #until(condition: () => boolean, instead: () => string, within = DEFAULT_WITHIN): Promise<void> {
    const holds = (): boolean => {
      this.#show();
      return !this.#isEndOnTheWay() && condition();
    };
    this.#show();
    await this.environment.until(holds, within, instead);
  }

  #isEndOnTheWay(): boolean {
    return this.server.closing.some((connection) => !this.network.holds(connection));
  }

  #show(): void {
    this.injector.get(ApplicationRef).tick();
  }
}
