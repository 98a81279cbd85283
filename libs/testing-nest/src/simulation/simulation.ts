import type { VirtualEnvironment } from '@statewire/testing';
import { SimulatedNetwork, type NetworkFaults } from '@statewire/testing';

import type { DistantBroker } from '../distant-broker/distant-broker.js';
import type { BrokerLink } from '../distant-broker/broker-link.js';
import { ClientNetwork } from './client-network.js';
import type { ExpiredTokens } from './expired-tokens.js';
import type { KeptBroker } from './kept-broker.js';
import type { VirtualTimeWaiter } from './virtual-time-waiter.js';
import { SimulatedClient, type SimulatedClientOptions } from './simulated-client.js';
import type { SimulatedServer } from './simulated-server.js';

/** Origin of the server inside the simulation. */
const ORIGIN = 'http://server.test';

export interface SimulationParts {
  readonly seed: number;
  readonly environment: VirtualEnvironment;
  readonly network: SimulatedNetwork;
  readonly server: SimulatedServer;
  readonly clients: SimulatedClient[];
  readonly expiredTokens: ExpiredTokens;
  readonly waiter: VirtualTimeWaiter;
  readonly broker: KeptBroker | undefined;
  /** Restores the real `setTimeout` and `Date`. */
  readonly restore: () => void;
}

/**
 * An application, its clients and the network between them, in one process on virtual time. `simulate` creates it. Time
 * passes only while a test awaits a method of the simulation, such as `clock.advance` or `until`.
 */
export class Simulation {
  /** The seed of all randomness. The same seed gives the same history. */
  readonly seed: number;
  /** The application. */
  readonly server: SimulatedServer;
  /** The network of all clients. Each client has one of its own as well. */
  readonly network: NetworkFaults;
  /** All clients, in the order of `connect`. */
  readonly clients: SimulatedClient[];
  /** The virtual clock, in milliseconds. */
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
      this.throwIfClosed();
      await parts.environment.advance(ms);
    };
    this.clock = { now, monotonic, advance };
  }

  /**
   * One line for each event of the network: `<virtual ms> <client> <event>`. An event is `connect`, `cut`, `up` or
   * `down` with a number of bytes, or `>` or `<` with a frame. The same seed and the same test give the same trace.
   */
  get trace(): readonly string[] {
    return this.parts.network.trace;
  }

  /**
   * The broker, which can lose data. `connect` adds a node beside the server.
   *
   * @throws Error without the option `keepBroker`.
   */
  get broker(): DistantBroker {
    return this.keptBroker.cluster;
  }

  /**
   * The network between the running server and the broker, and its faults. It has no latency until a test sets one, and
   * the next start has a new one.
   *
   * @throws Error without the option `keepBroker`.
   */
  get brokerLink(): BrokerLink {
    return this.keptBroker.link;
  }

  /** Creates one more client with a network of its own. It connects with its first subscription or action. */
  connect(options: SimulatedClientOptions = {}): SimulatedClient {
    this.throwIfClosed();
    const { environment, network, server, expiredTokens, waiter } = this.parts;
    const path = network.path();
    const process = environment.fork();
    const peer = { address: `203.0.113.${(this.clients.length % 250) + 1}`, port: 40_000 + this.clients.length };
    const wire = new ClientNetwork({
      ...{ path, process, peer, headers: options.headers ?? {} },
      dial: server.dial,
      random: environment.random,
    });
    const client = new SimulatedClient({ origin: ORIGIN, path, process, wire, waiter, expiredTokens, server }, options);
    this.clients.push(client);
    return client;
  }

  /**
   * Lets time pass until the condition holds.
   *
   * @param what names the condition in a failure.
   * @param within milliseconds of virtual time. Default 60,000.
   * @throws Error that names the condition and the state of the server and the clients.
   */
  async until(condition: () => boolean, what: ConditionName = 'a condition', within?: number): Promise<void> {
    this.throwIfClosed();
    await this.wait(condition, what, within);
  }

  /**
   * Lets time pass until the promise settles, and returns its result.
   *
   * @param what names the promise in a failure.
   * @param within milliseconds of virtual time. Default 60,000.
   * @throws the error of the promise, or an Error if it does not settle in time.
   */
  async outcome<T>(work: Promise<T>, what: ConditionName = 'a promise to settle', within?: number): Promise<T> {
    this.throwIfClosed();
    return this.parts.waiter.wait(work, textOf(what), within);
  }

  /**
   * Closes the clients, drains and stops the server, and restores the real clock. Does nothing the second time.
   *
   * @throws Error if the server still has connections, or a client still has timers.
   */
  async close(): Promise<void> {
    if (this.isClosed) return;
    this.isClosed = true;
    const { network, server, restore } = this.parts;
    try {
      network.restore();
      for (const client of this.clients) client.close();
      if (server.isUp) {
        await this.wait(
          () => server.openConnections === 0,
          'the server to notice that all clients have closed',
          120_000,
        );
        await server.stop();
      }
      const left = (): number => this.clients.reduce((count, { timers }) => count + timers, 0);
      await this.wait(() => left() === 0, 'closed clients to leave no timer behind');
    } finally {
      restore();
    }
  }

  /** Ends the simulation without checks, after a failure that {@link close} would only report again. */
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

  private get keptBroker(): KeptBroker {
    const { broker } = this.parts;
    if (broker === undefined) throw new Error('The broker has faults with the option `keepBroker` alone.');
    return broker;
  }

  private async wait(condition: () => boolean, what: ConditionName, within?: number): Promise<void> {
    await this.parts.waiter.until(condition, { ...(within !== undefined && { within }), what: textOf(what) });
  }

  private throwIfClosed(): void {
    if (this.isClosed) throw new Error('This simulation is closed. Start another one with `await simulate(…)`.');
  }
}

/** Names a condition in a failure. A function can name the current state as well. */
export type ConditionName = string | (() => string);

function textOf(what: ConditionName): () => string {
  return typeof what === 'string' ? () => what : what;
}
