import type { VirtualEnvironment } from '@statewire/testing';
import { SimulatedNetwork, type NetworkFaults } from '@statewire/testing';

import { ClientNetwork } from './client-network.js';
import type { Expiry } from './expiry.js';
import type { Pass } from './pass.js';
import { SimulatedClient, type SimulatedClientOptions } from './simulated-client.js';
import type { SimulatedServer } from './simulated-server.js';

/** Where clients find the server. Its name means nothing outside. */
export const ORIGIN = 'http://server.test';

export interface SimulationParts {
  readonly seed: number;
  readonly environment: VirtualEnvironment;
  readonly network: SimulatedNetwork;
  readonly server: SimulatedServer;
  readonly clients: SimulatedClient[];
  readonly expiry: Expiry;
  readonly pass: Pass;
  /** Gives `setTimeout` and `Date` back. */
  readonly restore: () => void;
}

/**
 * An application, its clients and the network between them in one process on virtual time. Made by `simulate`.
 *
 * Time passes only in what is awaited here: `advance`, `until`, the methods that wait for something.
 */
export class Simulation {
  /** What all randomness here grew from: the same seed gives the same history. */
  readonly seed: number;
  readonly server: SimulatedServer;
  /** The network of everybody. Each client has its own as well. */
  readonly network: NetworkFaults;
  readonly clients: SimulatedClient[];
  /** The clock. */
  readonly clock: Pick<VirtualEnvironment, 'advance' | 'now' | 'monotonic'>;
  private isClosed = false;

  /** @internal */
  constructor(private readonly parts: SimulationParts) {
    this.seed = parts.seed;
    this.server = parts.server;
    this.network = parts.network;
    this.clients = parts.clients;
    const { now, monotonic } = parts.environment;
    const advance = async (ms: number): Promise<void> => {
      this.refuseClosed();
      await parts.environment.advance(ms);
    };
    this.clock = { now, monotonic, advance };
  }

  /**
   * What happened on the network so far, a line each: `<virtual ms> <client> <what>`, where what is `connect`, `cut`,
   * `up` or `down` with a number of bytes, or `>` and `<` with a frame. The same seed and the same test give the same.
   */
  get trace(): readonly string[] {
    return this.parts.network.trace;
  }

  /** Opens one more page, as it were: a client of its own, on a network of its own. It connects when it is used. */
  connect(options: SimulatedClientOptions = {}): SimulatedClient {
    this.refuseClosed();
    const { environment, network, server, expiry, pass } = this.parts;
    const path = network.path();
    const process = environment.fork();
    const peer = { address: `203.0.113.${(this.clients.length % 250) + 1}`, port: 40_000 + this.clients.length };
    const wire = new ClientNetwork({
      ...{ path, process, peer, headers: options.headers ?? {} },
      dial: server.dial,
      random: environment.random,
    });
    const client = new SimulatedClient({ origin: ORIGIN, path, process, wire, pass, expiry, server }, options);
    this.clients.push(client);
    return client;
  }

  /**
   * Lets time pass until the condition holds.
   *
   * @param what is waited for; a function says what there is instead as well.
   * @param within milliseconds of virtual time. Default 60,000.
   * @throws Error that says `what` was waited for, and what server and clients were doing.
   */
  async until(condition: () => boolean, what: What = 'a condition', within?: number): Promise<void> {
    this.refuseClosed();
    await this.pass(condition, what, within);
  }

  /** {@link until} the promise settles, and passes its outcome on. */
  async outcome<T>(work: Promise<T>, what: What = 'a promise to settle', within?: number): Promise<T> {
    this.refuseClosed();
    return this.parts.pass.wait(work, textOf(what), within);
  }

  /**
   * Closes the clients, lets the server drain and stop, and gives the real clock back. Does nothing the second time.
   *
   * @throws Error where something is left: connections of the server, or timers of a client.
   */
  async close(): Promise<void> {
    if (this.isClosed) return;
    this.isClosed = true;
    const { network, server, restore } = this.parts;
    try {
      network.heal();
      for (const client of this.clients) client.close();
      if (server.isUp) {
        await this.pass(() => server.openConnections === 0, 'the server to notice that everybody has left', 120_000);
        await server.stop();
      }
      const left = (): number => this.clients.reduce((count, { timers }) => count + timers, 0);
      await this.pass(() => left() === 0, 'closed clients to leave no timer behind');
    } finally {
      restore();
    }
  }

  /** Gives everything up without a look, after a failure: {@link close} would only report what follows from it. */
  async abandon(): Promise<void> {
    this.isClosed = true;
    for (const client of this.clients) client.close();
    if (this.server.isUp) this.server.crash();
    this.parts.restore();
  }

  /** `await using simulation = await simulate(…)` closes it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  private async pass(condition: () => boolean, what: What, within?: number): Promise<void> {
    await this.parts.pass.until(condition, { ...(within !== undefined && { within }), what: textOf(what) });
  }

  private refuseClosed(): void {
    if (this.isClosed) throw new Error('This simulation is closed: start another one with `await simulate(…)`.');
  }
}

/** What is waited for, as a failure tells it. */
type What = string | (() => string);

function textOf(what: What): () => string {
  return typeof what === 'string' ? () => what : what;
}
