import type { VirtualEnvironment } from '@statewire/client/testing';
import { SimulatedNetwork, type NetworkFaults } from '@statewire/client/testing';

import type { Expiry } from './expiry.js';
import { ClientNetwork } from './client-network.js';
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
  readonly clients: SimulatedClient[] = [];
  private isClosed = false;

  /** @internal */
  constructor(private readonly parts: SimulationParts) {
    this.seed = parts.seed;
    this.server = parts.server;
    this.network = parts.network;
  }

  /**
   * What happened on the network so far, a line each: `<virtual ms> <client> <what>`, where what is `connect`, `cut`,
   * `up` or `down` with a number of bytes, or `>` and `<` with a frame. The same seed and the same test give the same.
   */
  get trace(): readonly string[] {
    return this.parts.network.trace;
  }

  /** The clock. */
  get clock(): Pick<VirtualEnvironment, 'advance' | 'now' | 'monotonic'> {
    return this.parts.environment;
  }

  /** Opens one more page, as it were: a client of its own, on a network of its own. It connects when it is used. */
  connect(options: SimulatedClientOptions = {}): SimulatedClient {
    const { environment, network, server, expiry, pass } = this.parts;
    const path = network.path();
    const process = environment.fork();
    const peer = { address: `203.0.113.${(this.clients.length % 250) + 1}`, port: 40_000 + this.clients.length };
    const wire = new ClientNetwork({
      ...{ path, process, peer, headers: options.headers ?? {} },
      dial: server.dial,
      random: environment.random,
    });
    const expire = (token: string): void => expiry.expire(token);
    const client = new SimulatedClient({ origin: ORIGIN, path, process, wire, pass, expire }, options);
    this.clients.push(client);
    return client;
  }

  /**
   * Lets time pass until the condition holds.
   *
   * @param within milliseconds of virtual time. Default 60,000.
   * @throws Error that says `what` was waited for.
   */
  async until(condition: () => boolean, what = 'a condition', within?: number): Promise<void> {
    await this.parts.pass.until(condition, { ...(within !== undefined && { within }), what: () => what });
  }

  /** Lets time pass until the promise settles, and passes its outcome on. */
  async outcome<T>(work: Promise<T>): Promise<T> {
    return this.parts.pass.wait(work, 'a promise to settle');
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
        await this.until(() => server.openConnections === 0, 'the server to notice that everybody has left', 120_000);
        await server.stop();
      }
      const left = (): number => this.clients.reduce((count, { timers }) => count + timers, 0);
      await this.until(() => left() === 0, 'closed clients to leave no timer behind');
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
}
