import { createRealtimeClient, type RealtimeClient, type Timer, type WebSocketLike } from '@statewire/client';
import type { DrainFrame, Position } from '@statewire/protocol';
import { filter, firstValueFrom, timeout } from 'rxjs';
import type { WebSocket } from 'ws';

import { actAtTimes } from './acting.js';
import { field, isGenuine, log, work } from './busy/contract.js';
import { Oracle } from './oracle/index.js';
import { serve } from './remote.js';

/** What every client thinks is there; where it leads is up to the crowd. */
const ADDRESS = 'http://statewire.invalid';
/** Clients that connect at once. */
const BATCH = 50;
/** A busy machine is no reason to give up. */
const PATIENCE = 30_000;

export interface CrowdOptions {
  readonly clients: number;
  /** Of each kind, which the server has; every client that follows has one of each. */
  readonly topics: number;
  /** One client of so many follows topics. Default: each. */
  readonly followers?: number;
  /** Options of each client. */
  readonly client?: Omit<NonNullable<Parameters<typeof createRealtimeClient>[0]>, 'origin' | 'environment'>;
}

/** Moments are in milliseconds since the Unix epoch. */
export interface Saying {
  readonly at: number;
  readonly client: number;
  /** A state of the connection, or the freshness of the value that it follows. */
  readonly says: string;
}

/** A client was told to come back elsewhere within so many milliseconds. */
export interface Told {
  readonly at: number;
  readonly within: number;
}

/** A WebSocket was opened. */
export interface Opened {
  readonly at: number;
  /** The moment that the client had set a timer for: `at` is later where the machine is. */
  readonly meant: number;
}

export interface Report {
  readonly violations: readonly string[];
  /** Values and events that were held against the truth. */
  readonly checked: number;
  readonly losses: number;
  readonly opened: readonly Opened[];
  readonly told: readonly Told[];
  readonly sayings: readonly Saying[];
}

/** Real clients under one oracle. */
export class Crowd {
  readonly #clients: RealtimeClient[] = [];
  readonly #oracle = new Oracle({ isGenuine });
  readonly #opened: Opened[] = [];
  readonly #told: Told[] = [];
  readonly #sayings: Saying[] = [];
  #origin: string;
  /** When what runs now was to run. */
  #due: number | undefined;
  #acting: ReturnType<typeof actAtTimes> | undefined;
  #outcomes: Promise<readonly string[]> = Promise.resolve([]);

  /** @param origin where connections lead. */
  constructor(origin: string) {
    this.#origin = origin;
  }

  /** New connections lead there: the clients are not told. */
  lead(origin: string): void {
    this.#origin = origin;
  }

  /** Resolves when all of them are live. */
  async connect(options: CrowdOptions): Promise<void> {
    while (this.#clients.length < options.clients) {
      const count = Math.min(BATCH, options.clients - this.#clients.length);
      await Promise.all(Array.from({ length: count }, () => this.#add(options)));
    }
  }

  /** Each client sends an action that takes so many milliseconds; `outcomes` has what becomes of them. */
  act(prefix: string, takes: number): void {
    const outcomes = this.#clients.map((client, n) =>
      firstValueFrom(client.act(work, { key: `${prefix} ${n}`, takes })).then(
        () => 'acknowledged',
        (error: { readonly code: string }) => error.code,
      ),
    );
    this.#outcomes = Promise.all(outcomes);
  }

  outcomes(): Promise<readonly string[]> {
    return this.#outcomes;
  }

  /** One client or the other acts all the time. */
  actAtTimes(): void {
    this.#acting = actAtTimes(this.#clients);
  }

  /** Resolves when all of that was answered. */
  async acted(): Promise<{ readonly sent: number; readonly answered: number; readonly failed: readonly string[] }> {
    return this.#acting!.end();
  }

  /** Resolves with the milliseconds until everybody is where the server is. */
  converged(tops: readonly (readonly [string, Position])[]): Promise<number> {
    return this.#oracle.converged(new Map(tops), PATIENCE);
  }

  report(): Report {
    const { violations, checked, losses } = this.#oracle;
    return { violations, checked, losses, opened: this.#opened, told: this.#told, sayings: this.#sayings };
  }

  async #add({ topics, followers = 1, client: options }: CrowdOptions): Promise<void> {
    const n = this.#clients.length;
    const client = createRealtimeClient({
      ...options,
      origin: ADDRESS,
      environment: {
        openWebSocket: (url, protocol) => this.#open(url, protocol),
        setTimer: (callback, delay) => this.#setTimer(callback, delay),
        fetch: (url, init) => fetch(this.#elsewhere(new Request(url).url), init),
      },
    });
    this.#clients.push(client);
    client.status$.subscribe(({ state }) => this.#say(n, state));
    client.connect();
    if (n % followers === 0) this.#follow(n, client, String(n % topics));
    await firstValueFrom(
      client.status$.pipe(
        filter(({ state }) => state === 'live'),
        timeout(PATIENCE),
      ),
    );
  }

  #open(url: string, protocol: string): WebSocketLike {
    const at = Date.now();
    this.#opened.push({ at, meant: this.#due ?? at });
    const socket = this.#oracle.openWebSocket(this.#elsewhere(url).replace('http', 'ws'), protocol) as WebSocket;
    return socket.on('message', (data: Buffer) => {
      const frame = data.toString();
      if (frame.startsWith('{"type":"drain"'))
        this.#told.push({ at: Date.now(), within: (JSON.parse(frame) as DrainFrame).reconnectWithin });
    });
  }

  #follow(n: number, client: RealtimeClient, id: string): void {
    this.#oracle.followState(`client ${n}`, client, field.with({ id }));
    this.#oracle.followEvents(`client ${n}`, client, log.with({ id }));
    let last: string | undefined;
    client.topic(field.with({ id })).subscribe(({ freshness }) => {
      if (freshness.state === last) return;
      last = freshness.state;
      this.#say(n, `value ${last}`);
    });
  }

  #setTimer(callback: () => void, delay: number): Timer {
    const due = Date.now() + delay;
    const timer = setTimeout(() => {
      this.#due = due;
      callback();
      this.#due = undefined;
    }, delay);
    return { cancel: () => clearTimeout(timer) };
  }

  #elsewhere(url: string): string {
    const { pathname, search } = new URL(url);
    return `${this.#origin}${pathname}${search}`;
  }

  #say(client: number, says: string): void {
    this.#sayings.push({ at: Date.now(), client, says });
  }
}

if (process.argv[1] === import.meta.filename) {
  serve(new Crowd(process.env.ORIGIN ?? ''));
}
