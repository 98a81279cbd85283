import { createRealtimeClient, type RealtimeClient, type WebSocketLike } from '@statewire/client';
import type { DrainFrame, Position } from '@statewire/protocol';
import { filter, firstValueFrom } from 'rxjs';
import type { WebSocket } from 'ws';

import { actAtTimes } from './acting.js';
import { field, isGenuine, log, work, type Work } from './busy/contract.js';
import { Oracle } from './oracle/index.js';
import { serve } from './remote.js';

/** The origin of every client. The crowd decides its real destination. */
const ADDRESS = 'http://statewire.invalid';
/** Clients that connect at once. */
const BATCH = 50;

export interface CrowdOptions {
  readonly clients: number;
  /** Number of topics of each kind on the server. Each following client follows one of each. */
  readonly topics: number;
  /** One client in this number follows topics. Default: every client. */
  readonly followers?: number;
  /** Options of each client. */
  readonly client?: Omit<NonNullable<Parameters<typeof createRealtimeClient>[0]>, 'origin' | 'environment'>;
}

/** Moments are in milliseconds since the Unix epoch. */
export interface Observation {
  readonly at: number;
  readonly client: number;
  /** A state of the connection, or the freshness of the followed value. */
  readonly state: string;
}

export interface Report {
  readonly violations: readonly string[];
  /** Number of checked values and events. */
  readonly checked: number;
  readonly losses: number;
  /** The `reconnectWithin` of each received drain, in milliseconds. */
  readonly drainWindows: readonly number[];
  readonly observations: readonly Observation[];
}

/** Real clients under one oracle. */
export class Crowd {
  readonly #clients: RealtimeClient[] = [];
  readonly #oracle = new Oracle({ isGenuine });
  readonly #drainWindows: number[] = [];
  readonly #observations: Observation[] = [];
  #origin: string;
  #acting: ReturnType<typeof actAtTimes> | undefined;
  #outcomes: Promise<readonly string[]> = Promise.resolve([]);

  /** @param origin the destination of connections. */
  constructor(origin: string) {
    this.#origin = origin;
  }

  /** Redirects new connections. The clients do not notice. */
  redirect(origin: string): void {
    this.#origin = origin;
  }

  /** Resolves when all of them are live. */
  async connect(options: CrowdOptions): Promise<void> {
    while (this.#clients.length < options.clients) {
      const count = Math.min(BATCH, options.clients - this.#clients.length);
      await Promise.all(Array.from({ length: count }, () => this.#add(options)));
    }
  }

  /** Sends an action of each client. `outcomes` gets the results. */
  act(prefix: string, about: Omit<Work, 'key'>): void {
    const outcomes = this.#clients.map((client, n) =>
      firstValueFrom(client.act(work, { ...about, key: `${prefix} ${n}` })).then(
        () => 'acknowledged',
        (error: { readonly code: string }) => error.code,
      ),
    );
    this.#outcomes = Promise.all(outcomes);
  }

  outcomes(): Promise<readonly string[]> {
    return this.#outcomes;
  }

  /** Sends actions of the clients continuously. */
  actAtTimes(): void {
    this.#acting = actAtTimes(this.#clients);
  }

  /** Resolves when all these actions are answered. */
  async acted(): Promise<{ readonly sent: number; readonly answered: number; readonly failed: readonly string[] }> {
    return this.#acting!.end();
  }

  /** Resolves when every client is live at the position of the server. */
  converged(tops: readonly (readonly [string, Position])[]): Promise<void> {
    return this.#oracle.converged(new Map(tops));
  }

  report(): Report {
    const { violations, checked, losses } = this.#oracle;
    return { violations, checked, losses, drainWindows: this.#drainWindows, observations: this.#observations };
  }

  async #add({ topics, followers = 1, client: options }: CrowdOptions): Promise<void> {
    const n = this.#clients.length;
    const client = createRealtimeClient({
      ...options,
      origin: ADDRESS,
      environment: {
        openWebSocket: (url, protocol) => this.#open(url, protocol),
        fetch: (url, init) => fetch(this.#elsewhere(new Request(url).url), init),
      },
    });
    this.#clients.push(client);
    client.status$.subscribe(({ state }) => this.#observe(n, state));
    client.connect();
    if (n % followers === 0) this.#follow(n, client, String(n % topics));
    await firstValueFrom(client.status$.pipe(filter(({ state }) => state === 'live')));
  }

  #open(url: string, protocol: string): WebSocketLike {
    const socket = this.#oracle.openWebSocket(this.#elsewhere(url).replace('http', 'ws'), protocol) as WebSocket;
    return socket.on('message', (data: Buffer) => {
      const frame = data.toString();
      if (frame.startsWith('{"type":"drain"'))
        this.#drainWindows.push((JSON.parse(frame) as DrainFrame).reconnectWithin);
    });
  }

  #follow(n: number, client: RealtimeClient, id: string): void {
    this.#oracle.followState(`client ${n}`, client, field.with({ id }));
    this.#oracle.followEvents(`client ${n}`, client, log.with({ id }));
    let last: string | undefined;
    client.topic(field.with({ id })).subscribe(({ freshness }) => {
      if (freshness.state === last) return;
      last = freshness.state;
      this.#observe(n, `value ${last}`);
    });
  }

  #elsewhere(url: string): string {
    const { pathname, search } = new URL(url);
    return `${this.#origin}${pathname}${search}`;
  }

  #observe(client: number, state: string): void {
    this.#observations.push({ at: Date.now(), client, state });
  }
}

if (process.argv[1] === import.meta.filename) {
  serve(new Crowd(process.env.ORIGIN ?? ''));
}
