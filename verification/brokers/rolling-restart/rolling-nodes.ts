import { once } from 'node:events';

import { ServerProcess } from '../../faults/support/server-process.js';
import { until } from '../../faults/support/until.js';
import { RollingClient } from './rolling-client.js';

/** Time between two numbers. */
export const PERIOD_MS = 500;
/** Clients that connect at the same time. */
const AT_ONCE = 100;

interface RunningNode {
  readonly process: ServerProcess;
  readonly origin: string;
}

/** Nodes for clients, and one more that publishes a number every half second until it is stopped. */
export class RollingNodes {
  readonly clients: RollingClient[] = [];
  private readonly processes: ServerProcess[] = [];
  private readonly nodes: RunningNode[] = [];
  /** Of the nodes that take connections. */
  private readonly origins: string[] = [];
  private publisher!: ServerProcess;
  private publishing: NodeJS.Timeout | undefined;
  private newest = 0;

  /**
   * @param script runs a node.
   * @param brokerUrl address of the server that the nodes share.
   */
  constructor(
    private readonly script: string,
    private readonly brokerUrl: string,
  ) {}

  async start(count: number): Promise<void> {
    this.publisher = (await this.startNode()).process;
    this.nodes.push(...(await Promise.all(Array.from({ length: count }, () => this.startNode()))));
    this.origins.push(...this.nodes.map(({ origin }) => origin));
    this.publishing = setInterval(() => this.publish(), PERIOD_MS);
  }

  /** Resolves when each client has got a number. */
  async connect(count: number): Promise<void> {
    while (this.clients.length < count) {
      this.clients.push(...Array.from({ length: AT_ONCE }, () => new RollingClient(this.origins)));
      await until(() => this.clients.every(({ numbers }) => numbers.length > 0), 'the first numbers');
    }
  }

  /** Ends a node by a signal. A new one takes connections before a node that drains stops to. */
  async replace(slot: number, signal: NodeJS.Signals): Promise<void> {
    const old = this.nodes[slot]!;
    this.nodes[slot] = await this.startNode();
    this.origins[slot] = this.nodes[slot].origin;
    await old.process.exit(signal);
  }

  /** Resolves with the last number when every client has it. */
  async end(): Promise<number> {
    clearInterval(this.publishing);
    const stored = once(this.publisher.child, 'message');
    this.publish();
    await stored;
    const last = this.newest;
    await until(
      () => this.clients.every(({ numbers, board }) => numbers.at(-1) === last && board === last),
      () => `the number ${last}: ${JSON.stringify([...new Set(this.clients.map(({ numbers }) => numbers.at(-1)))])}`,
    );
    return last;
  }

  dispose(): void {
    clearInterval(this.publishing);
    for (const client of this.clients) client.close();
    for (const process of this.processes) process.destroy();
  }

  private publish(): void {
    this.newest += 1;
    this.publisher.child.send(this.newest);
  }

  private async startNode(): Promise<RunningNode> {
    const process = new ServerProcess(this.script, { env: { BROKER_URL: this.brokerUrl } });
    this.processes.push(process);
    return { process, origin: await process.origin() };
  }
}
