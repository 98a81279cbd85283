import {
  createRealtimeClient,
  type ActOptions,
  type ConnectionStatus,
  type RealtimeClient,
  type RealtimeClientOptions,
} from '@statewire/client';
import type { NetworkFaults, NetworkPath, VirtualProcess } from '@statewire/testing';
import type { Action, Since, TopicReference } from '@statewire/protocol';

import { Awaited } from './awaited.js';
import type { ClientNetwork } from './client-network.js';
import { EventWatch } from './event-watch.js';
import type { Expiry } from './expiry.js';
import type { Pass } from './pass.js';
import type { SimulatedServer } from './simulated-server.js';
import { StateWatch } from './state-watch.js';
import { statusText } from './status-text.js';

export interface SimulatedClientOptions extends Omit<RealtimeClientOptions, 'environment' | 'origin' | 'token'> {
  /** A token, or what gives the next one. Default: none, anonymous. */
  readonly token?: string | NonNullable<RealtimeClientOptions['token']>;
  /** Sent with each request and with the upgrade: `{ Origin: 'http://server.test', Cookie: 'session=…' }`. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Milliseconds: longer than the client itself waits before it says that the outcome is unknown. */
const LONGEST_ACTION = 600_000;

interface Parts {
  readonly origin: string;
  readonly path: NetworkPath;
  readonly process: VirtualProcess;
  readonly wire: ClientNetwork;
  readonly pass: Pass;
  readonly expiry: Expiry;
  readonly server: Pick<SimulatedServer, 'has' | 'instance'>;
}

/** A real client of `@statewire/client` on a machine and a network of its own. */
export class SimulatedClient {
  /** The client itself, as an application has it. */
  readonly realtime: RealtimeClient;
  /** Its way to the server: cut it, freeze it, slow it down. */
  readonly network: NetworkFaults;
  /** `fetch` from its machine, for what an application asks over HTTP itself. Paths are resolved against the server. */
  readonly fetch: typeof globalThis.fetch;

  private presented: string | undefined;
  /** The process that answered its last poll. */
  private polled: object | undefined;
  private readonly watches: { stop(): void }[] = [];

  /** @internal */
  constructor(
    private readonly parts: Parts,
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

  get status(): ConnectionStatus {
    return this.realtime.status;
  }

  /** How many WebSockets it has asked for so far. */
  get upgrades(): number {
    return this.parts.wire.upgrades;
  }

  /** Follows a state topic and remembers what it was told. */
  watch<T>(topic: TopicReference<T, 'state'>): StateWatch<T> {
    const watch = new StateWatch(this.realtime, topic, this.parts.pass, this);
    this.watches.push(watch);
    return watch;
  }

  /**
   * Follows an event topic and keeps what happened: from when the subscription reaches the server, or `since` a position,
   * or `'oldest'`, all that history has.
   */
  listen<T>(topic: TopicReference<T, 'events'>, options: { readonly since?: Since } = {}): EventWatch<T> {
    const watch = new EventWatch(this.realtime, topic, this.parts.pass, options);
    this.watches.push(watch);
    return watch;
  }

  /**
   * Acts at once, and lets time pass until there is an answer, from when that is awaited.
   *
   * @throws RealtimeClientError as `RealtimeClient.act` does.
   * @example
   * const answer = client.act(pause, { battleId });
   * client.network.cut();
   * expect(await answer).toEqual({ paused: true });
   */
  act<D, R, T = never, Several extends readonly unknown[] | [] = []>(
    action: Action<D, R>,
    data: NoInfer<D>,
    options?: ActOptions<T, Several>,
  ): Promise<R> {
    const answered = new Promise<R>((resolve, reject) => {
      let result: R;
      this.realtime.act(action, data, options).subscribe({
        next: (value) => (result = value),
        error: reject,
        complete: () => resolve(result),
      });
    });
    return new Awaited(answered, (work) =>
      this.parts.pass.wait(work, () => `the answer to ${action.name}`, LONGEST_ACTION),
    );
  }

  /**
   * Lets time pass until the WebSocket carries everything, over a connection that the running server has: a client that
   * has not yet heard that its connection, its server or its token has ended does not count.
   *
   * @param within milliseconds of virtual time. Default 60,000.
   * @throws Error that says what it is instead; at once where it is denied or closed.
   */
  async live(within?: number): Promise<void> {
    await this.reached('live', within);
  }

  /** Lets time pass until the client polls the running server; otherwise as {@link live}. */
  async polling(within?: number): Promise<void> {
    await this.reached('polling', within);
  }

  /**
   * The token it presented last expires now: its connection is closed with 4202, and its polls are refused, until it
   * presents another. Its `token` function is asked for one, and has to give another one: a JWT that was signed in the
   * same second for the same subject is the same one, unless it has a `jti`.
   *
   * @throws Error where it has presented none, or the application has no `authenticate`.
   */
  expireToken(): void {
    if (this.presented === undefined) throw new Error('This client has presented no token that could expire.');
    this.parts.expiry.expire(this.presented);
  }

  /** Its machine sleeps for `ms`: no timer runs, nothing is read or written. Then the page becomes visible again. */
  sleep(ms: number): void {
    const { process, path } = this.parts;
    process.suspend(ms);
    path.hold('sleep');
    path.environment.setTimer(() => {
      path.release('sleep');
      process.wake('visible');
    }, ms);
  }

  /** Its browser throttles the timers of a hidden tab: none runs for `ms`, and bytes still arrive. */
  throttleTimers(ms: number): void {
    this.parts.process.suspend(ms);
  }

  /** Somebody sets the clock of its machine `ms` forwards, or backwards. */
  jumpClock(ms: number): void {
    const { process } = this.parts;
    process.setWallClock(process.now() + ms);
  }

  /** Its browser tells that the network is back, or that the page is visible. */
  wake(cause: 'online' | 'visible'): void {
    this.parts.process.wake(cause);
  }

  /** Leaves for good, as a page that is closed. */
  close(): void {
    for (const watch of this.watches) watch.stop();
    this.realtime.close();
  }

  /** @internal */
  get isServed(): boolean {
    const { server, expiry } = this.parts;
    if (this.presented !== undefined && expiry.has(this.presented)) return false;
    if (this.status.state === 'live') return server.has(this.status.connectionId);
    return this.status.state === 'polling' && this.polled !== undefined && this.polled === server.instance;
  }

  /** @internal */
  refuseInVain(what: string): void {
    const { state } = this.status;
    if (state !== 'denied' && state !== 'closed') return;
    const help = state === 'denied' ? 'call `realtime.connect()` to try again' : 'make a new one';
    throw new Error(`Waiting for ${what} is in vain. The client is ${statusText(this.status)}: ${help}.`);
  }

  /** @internal */
  get timers(): number {
    return this.parts.process.timers;
  }

  private async request(...[input, init]: Parameters<typeof globalThis.fetch>): Promise<Response> {
    const { wire, server } = this.parts;
    const { instance } = server;
    const response = await wire.fetch(input, init);
    // A page may go on for a while without a poll: what it shows is known to be current from the next answer on.
    if (response.ok && isPoll(input)) this.polled = instance;
    return response;
  }

  private async reached(state: ConnectionStatus['state'], within?: number): Promise<void> {
    if (this.status.state === 'idle') this.realtime.connect();
    const isReached = (): boolean => {
      this.refuseInVain(`the client to be ${state}`);
      return this.status.state === state && this.isServed;
    };
    await this.parts.pass.until(isReached, {
      ...(within !== undefined && { within }),
      what: () => `the client to be ${state}; it is ${statusText(this.status)}`,
    });
  }
}

function isPoll(input: Parameters<typeof globalThis.fetch>[0]): boolean {
  return new URL(typeof input === 'object' && 'url' in input ? input.url : input).pathname.endsWith('/poll');
}
