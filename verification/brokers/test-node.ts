import { setImmediate as nextTurn } from 'node:timers/promises';

import type { Broker, BrokerContext } from '@statewire/nest';
import { filter, firstValueFrom } from 'rxjs';

import type { Proxy } from './proxy.js';
import { WatchedEnvironment } from './watched-environment.js';

/** Characters of the ids of nodes. */
const NODE_ID_LENGTH = 12;
const HISTORY = { count: 1_000, bytes: 2 ** 20, ageMs: 60_000 };

/** A broker that says how much it holds. */
export interface MeasuredBroker extends Broker {
  readonly sizes: { readonly pending: number; readonly claims: number };
  /** Number of partitions whose server can be reached, if there are several servers. */
  readonly reachable?: number;
}

/** Events of a connection to a server. */
interface MessageEvents {
  onMessage(channel: string, message: string): void;
}

/** A node that reaches its servers through a proxy of its own. */
export class TestNode<B extends MeasuredBroker = MeasuredBroker> {
  readonly environment = new WatchedEnvironment();
  readonly logged: { readonly event: string; readonly error: unknown }[] = [];
  broker!: B;
  /** Messages of topics that arrived. */
  received = 0;
  /** While set, messages of topics are lost on their way to the node. */
  isDeaf = false;

  private constructor(readonly proxy: Proxy) {}

  /** @param open starts the broker on the proxy. If it fails, the proxy ends. */
  static async start<B extends MeasuredBroker>(
    proxy: Proxy,
    open: (context: BrokerContext, node: TestNode<B>) => Promise<B>,
    context: Partial<BrokerContext> = {},
  ): Promise<TestNode<B>> {
    const node = new TestNode<B>(proxy);
    const { environment, logged } = node;
    const log: BrokerContext['log'] = { error: (event, error) => void logged.push({ event, error }) };
    try {
      node.broker = await open({ environment, history: HISTORY, actionWindowMs: 60_000, log, ...context }, node);
    } catch (error) {
      await proxy.dispose();
      throw error;
    }
    return node;
  }

  /** The id of the node in the broker. */
  get id(): string {
    return this.environment.ids[0]!.slice(0, NODE_ID_LENGTH);
  }

  /** Makes a connection count the messages of topics, and lose them while the node is deaf. */
  watch<Events extends MessageEvents>(events: Events, isOfTopic: (channel: string) => boolean): Events {
    return {
      ...events,
      onMessage: (channel: string, message: string) => {
        if (isOfTopic(channel)) this.received += 1;
        if (!this.isDeaf || !isOfTopic(channel)) events.onMessage(channel, message);
      },
    };
  }

  /** Ends the node without a word, as `kill -9` does. */
  async crash(): Promise<void> {
    this.proxy.cut();
    await this.until('away');
    await this.broker.dispose();
  }

  /** Stops the node with its connections open, as SIGSTOP does, until it is called with false. */
  stop(isStopped: boolean): void {
    this.environment.stop(isStopped);
    this.proxy.stall(isStopped);
  }

  /** Resolves when the node says that its server is out of reach, or back. */
  async until(state: 'up' | 'away'): Promise<void> {
    await firstValueFrom(this.broker.status.pipe(filter((status) => status.state === state)));
    // The status tells the first server that is away.
    while (this.proxy.isCut && (this.broker.reachable ?? 0) > 0) await nextTurn();
  }

  async dispose(): Promise<void> {
    await this.broker.dispose();
    await this.proxy.dispose();
  }
}
