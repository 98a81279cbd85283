import {
  createRealtimeClient,
  type ActOptions,
  type AnyActOptions,
  type ConnectionStatus,
  type MultiTopicActOptions,
  type RealtimeClient,
  type RealtimeClientOptions,
} from '@statewire/client';
import type { NetworkFaults, NetworkPath, VirtualProcess } from '@statewire/testing';
import type { Action, Since, TopicReference } from '@statewire/protocol';

import { VirtualTimePromise } from './virtual-time-promise.js';
import type { ClientNetwork } from './client-network.js';
import { EventWatch } from './event-watch.js';
import type { ExpiredTokens } from './expired-tokens.js';
import type { VirtualTimeWaiter } from './virtual-time-waiter.js';
import type { SimulatedServer } from './simulated-server.js';
import { StateWatch } from './state-watch.js';
import { statusText } from './status-text.js';

/** Options of a {@link SimulatedClient}: those of `createRealtimeClient`, and what the simulation needs. */
export interface SimulatedClientOptions extends Omit<RealtimeClientOptions, 'environment' | 'origin' | 'token'> {
  /** A token, or a function that returns the next one. Default: the client is anonymous. */
  readonly token?: string | NonNullable<RealtimeClientOptions['token']>;
  /** Headers of each request and upgrade, for example `{ Origin: 'http://server.test', Cookie: 'session=…' }`. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Longer than the client waits before it reports an unknown outcome. */
const MAX_ACTION_MS = 600_000;

interface ClientParts {
  readonly origin: string;
  readonly path: NetworkPath;
  readonly process: VirtualProcess;
  readonly wire: ClientNetwork;
  readonly waiter: VirtualTimeWaiter;
  readonly expiredTokens: ExpiredTokens;
  readonly server: Pick<SimulatedServer, 'has' | 'instance'>;
}

/** A real client of `@statewire/client` with a process and a network of its own. */
export class SimulatedClient {
  /** The client itself. */
  readonly realtime: RealtimeClient;
  /** The faults of its network. */
  readonly network: NetworkFaults;
  /** `fetch` on its network, for the application's own HTTP requests. Paths are resolved against the server. */
  readonly fetch: typeof globalThis.fetch;

  private presented: string | undefined;
  /** The server process that answered the last poll. */
  private polled: object | undefined;
  private readonly watches: { stop(): void }[] = [];

  /** @internal */
  constructor(
    private readonly parts: ClientParts,
    { token, headers: _headers, ...options }: SimulatedClientOptions,
  ) {
    const { origin, path, process, wire } = parts;
    this.network = path;
    this.fetch = (input, init) => wire.fetch(typeof input === 'string' ? new URL(input, origin) : input, init);
    const next = typeof token === 'string' ? () => token : token;
    this.realtime = createRealtimeClient({
      ...options,
      origin,
      ...(next !== undefined && {
        token: async (reason) => {
          const given = await next(reason);
          this.presented = given;
          return given;
        },
      }),
      environment: {
        ...process,
        openWebSocket: wire.openWebSocket,
        fetch: (input, init) => this.request(input, init),
      },
    });
  }

  /** The status that the client reports. */
  get status(): ConnectionStatus {
    return this.realtime.status;
  }

  /** Number of WebSockets that the client has opened or tried to open. */
  get upgradeCount(): number {
    return this.parts.wire.upgradeCount;
  }

  /** Follows a state topic and keeps every state. */
  watch<T>(topic: TopicReference<T, 'state'>): StateWatch<T> {
    const watch = new StateWatch(this.realtime, topic, this.parts.waiter, this);
    this.watches.push(watch);
    return watch;
  }

  /**
   * Follows an event topic and keeps every event since a position, or since `'oldest'`. Default: since the subscription
   * reaches the server.
   */
  listen<T>(topic: TopicReference<T, 'events'>, options: { readonly since?: Since } = {}): EventWatch<T> {
    const watch = new EventWatch(this.realtime, topic, this.parts.waiter, options);
    this.watches.push(watch);
    return watch;
  }

  /**
   * Sends an action at once. Time passes until its answer from the moment that a test awaits the result.
   *
   * @throws RealtimeClientError like `RealtimeClient.act`.
   * @example
   * const answer = client.act(pause, { battleId });
   * client.network.cut();
   * expect(await answer).toEqual({ paused: true });
   */
  act<D, R, Values extends readonly unknown[] | []>(
    action: Action<D, R>,
    data: NoInfer<D>,
    options: MultiTopicActOptions<Values>,
  ): Promise<R>;
  /** Sends an action, with an optimistic update of one topic or without one. */
  act<D, R, T = never>(action: Action<D, R>, data: NoInfer<D>, options?: ActOptions<T>): Promise<R>;
  act<R>(action: Action<unknown, R>, data: unknown, options?: AnyActOptions): Promise<R> {
    const answered = new Promise<R>((resolve, reject) => {
      let result: R;
      this.realtime.act(action, data, options as ActOptions).subscribe({
        next: (value) => (result = value),
        error: reject,
        complete: () => resolve(result),
      });
    });
    return new VirtualTimePromise(answered, (work) =>
      this.parts.waiter.wait(work, () => `the answer to ${action.name}`, MAX_ACTION_MS),
    );
  }

  /**
   * Lets time pass until the client is live on a connection of the running server. It does not count as live while it
   * has not yet noticed that its connection, its server or its token has ended.
   *
   * @param within milliseconds of virtual time. Default 60,000.
   * @throws Error that names the current status; at once if the client is denied or closed.
   */
  async live(within?: number): Promise<void> {
    await this.reached('live', within);
  }

  /** Lets time pass until the client polls the running server. Parameters and errors are those of {@link live}. */
  async polling(within?: number): Promise<void> {
    await this.reached('polling', within);
  }

  /**
   * Expires the token that the client presented last. The server closes its connection with 4202 and rejects its polls
   * until the `token` function returns a different token. Two JWTs for the same subject that are signed in the same
   * second are equal unless they have a `jti`.
   *
   * @throws Error if the client has presented no token, or the application has no `authenticate`.
   */
  expireToken(): void {
    if (this.presented === undefined)
      throw new Error('The client has presented no token, so none can expire. Give it a `token` option.');
    this.parts.expiredTokens.expire(this.presented);
  }

  /** Suspends the client's machine for `ms`: no timer runs, and no bytes move. Then the page becomes visible again. */
  sleep(ms: number): void {
    const { process, path } = this.parts;
    process.suspend(ms);
    path.hold('sleep');
    path.environment.setTimer(() => {
      path.release('sleep');
      process.wake('visible');
    }, ms);
  }

  /** Stops the client's timers for `ms`, as browsers do in a hidden tab. Bytes still arrive. */
  throttleTimers(ms: number): void {
    this.parts.process.suspend(ms);
  }

  /** Sets the client's wall clock forward by `ms`, or back if `ms` is negative. */
  jumpClock(ms: number): void {
    const { process } = this.parts;
    process.setWallClock(process.now() + ms);
  }

  /** Reports to the client that the user left its page. The browser may keep the page in its back/forward cache. */
  hidePage(): void {
    this.parts.process.hidePage();
  }

  /** Reports to the client that its page is back from the back/forward cache. */
  showPage(): void {
    this.parts.process.showPage();
  }

  /** Reports to the client that the network is back or that the page is visible. */
  wake(cause: 'online' | 'visible'): void {
    this.parts.process.wake(cause);
  }

  /** Closes the client, as the end of a page does. */
  close(): void {
    for (const watch of this.watches) watch.stop();
    this.realtime.close();
  }

  /** @internal */
  get isServed(): boolean {
    const { server, expiredTokens } = this.parts;
    if (this.presented !== undefined && expiredTokens.has(this.presented)) return false;
    if (this.status.state === 'live') return server.has(this.status.connectionId);
    return this.status.state === 'polling' && this.polled !== undefined && this.polled === server.instance;
  }

  /** @internal */
  throwIfEnded(what: string): void {
    const { state } = this.status;
    if (state !== 'denied' && state !== 'closed') return;
    const help = state === 'denied' ? 'Call `realtime.connect()` to try again.' : 'Create another client.';
    throw new Error(`Waiting for ${what} is useless: the client is ${statusText(this.status)}. ${help}`);
  }

  /** @internal */
  get timers(): number {
    return this.parts.process.timers;
  }

  private async request(...[input, init]: Parameters<typeof globalThis.fetch>): Promise<Response> {
    const { wire, server } = this.parts;
    const { instance } = server;
    const response = await wire.fetch(input, init);
    // A value is known to be current from the next answer on.
    if (response.ok && isPoll(input)) this.polled = instance;
    return response;
  }

  private async reached(state: ConnectionStatus['state'], within?: number): Promise<void> {
    if (this.status.state === 'idle') this.realtime.connect();
    const isReached = (): boolean => {
      this.throwIfEnded(`the client to be ${state}`);
      return this.status.state === state && this.isServed;
    };
    await this.parts.waiter.until(isReached, {
      ...(within !== undefined && { within }),
      what: () => `the client to be ${state}; it is ${statusText(this.status)}`,
    });
  }
}

function isPoll(input: Parameters<typeof globalThis.fetch>[0]): boolean {
  return new URL(typeof input === 'object' && 'url' in input ? input.url : input).pathname.endsWith('/poll');
}
