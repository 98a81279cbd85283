import type { BrokerContext, Environment } from '@statewire/nest';

import { DistantNode } from './distant-node.js';
import { DistantServer } from './distant-server.js';

/** Options of {@link DistantBroker}. */
export interface DistantBrokerOptions {
  /** Clock, timers and ids of the server. */
  readonly environment: Environment;
  /** Milliseconds from a node to the server, and back. Default 1. */
  readonly latency?: number;
  /** Number of calls that wait on a node while the server is out of reach. More are `unavailable`. Default 10,000. */
  readonly maxWaiting?: number;
}

/**
 * A cluster on virtual time: a memory broker as a server, and any number of nodes at a distance from it. Calls, answers
 * and topic messages of a node travel in order, with a latency, over a link that a test can cut, freeze or let lose
 * messages. It has the semantics of a broker on a real server: leases with a time to live, calls that are sent again,
 * deltas instead of values.
 *
 * @example
 * const cluster = new DistantBroker({ environment });
 * const node = cluster.connect(context);
 * node.link.freeze(10_000);
 */
export class DistantBroker {
  private readonly nodes = new Set<DistantNode>();
  private server: DistantServer | undefined;

  constructor(private readonly options: DistantBrokerOptions) {}

  /** Starts a node. It is a `BrokerFactory`. The history and the window of the first node are those of the cluster. */
  readonly connect = (context: BrokerContext): DistantNode => {
    const { environment, latency = 1, maxWaiting = 10_000 } = this.options;
    this.server ??= new DistantServer(environment, context);
    const node = new DistantNode(this.server, context, { latency, maxWaiting });
    this.nodes.add(node);
    return node;
  };

  /**
   * Ends a node without a word, as `kill -9` does. Its leases are free after 6 s, and its running actions and members
   * end after 15 s. Its calls stay without an answer.
   */
  crash(node: DistantNode): void {
    this.nodes.delete(node);
    node.crash();
  }

  /**
   * Loses the publications of a topic above `offset`, as a replica that was promoted may: the epoch stays, and the next
   * publication gets the offset of a lost one. All nodes lose their connection, and connect again, unless a proxy
   * `keepsConnections` and hides the promotion.
   *
   * @throws (rejects) Error if the topic has not been at this offset in its epoch.
   */
  async rollBack(
    topic: string,
    offset: number,
    { keepsConnections = false }: { readonly keepsConnections?: boolean } = {},
  ): Promise<void> {
    await this.server?.rollBack(topic, offset);
    if (!keepsConnections) this.cutAll();
  }

  /** Loses everything, as a server without persistence that restarts. All nodes connect again. */
  flush(): void {
    this.server?.flush();
    this.cutAll();
  }

  /** Ends all nodes and the server. */
  async dispose(): Promise<void> {
    for (const node of this.nodes) node.crash();
    this.nodes.clear();
    await this.server?.dispose();
  }

  private cutAll(): void {
    for (const node of this.nodes) node.link.cut();
  }
}
