import { randomBytes } from 'node:crypto';

import type { BrokerContext, Environment, Timer } from '@statewire/nest';
import { filter, firstValueFrom } from 'rxjs';

import { resolvePostgresBrokerOptions, type PostgresBrokerOptions } from '../../src/options.js';
import { startPostgresBroker, type PostgresBroker } from '../../src/postgres-broker.js';
import { postgresWire, type OpenWire } from '../../src/wire.js';
import { Proxy } from './proxy.js';

const HISTORY = { count: 1_000, bytes: 2 ** 20, ageMs: 60_000 };

/** The real clock, with timers and ids that a test can look at. */
class WatchedEnvironment implements Environment {
  readonly timers = new Set<Timer>();
  readonly ids: string[] = [];
  private isStopped = false;
  private late: (() => void)[] = [];

  /** Stops the timers, as a stopped process does, until it is called with false. */
  stop(isStopped: boolean): void {
    this.isStopped = isStopped;
    if (!isStopped) for (const callback of this.late.splice(0)) callback();
  }

  now(): number {
    return Date.now();
  }

  monotonic(): number {
    return performance.now();
  }

  setTimer(callback: () => void, delay: number): Timer {
    const fire = (): void => {
      if (this.timers.delete(timer)) callback();
    };
    const handle = setTimeout(
      () => {
        if (this.isStopped) this.late.push(fire);
        else fire();
      },
      Math.max(0, delay),
    );
    const timer: Timer = {
      cancel: () => {
        clearTimeout(handle);
        this.timers.delete(timer);
      },
    };
    this.timers.add(timer);
    return timer;
  }

  defer(callback: () => void): void {
    setImmediate(callback);
  }

  random(): number {
    return Math.random();
  }

  id(): string {
    const id = randomBytes(16).toString('base64url');
    this.ids.push(id);
    return id;
  }
}

export interface TestNode {
  readonly broker: PostgresBroker;
  readonly proxy: Proxy;
  readonly environment: WatchedEnvironment;
  readonly logged: { readonly event: string; readonly error: unknown }[];
  /** Messages of topics that arrived. */
  received: number;
  /** While set, messages of topics are lost on their way to the node. */
  isDeaf: boolean;
  /** Ends the node without a word, as `kill -9` does. */
  crash(): Promise<void>;
  /** Stops the node with its connections open, as SIGSTOP does, until it is called with false. */
  stop(isStopped: boolean): void;
  /** Resolves when the node says that the server is out of reach, or back. */
  until(state: 'up' | 'away'): Promise<void>;
  dispose(): Promise<void>;
}

/** Starts a node that reaches the server of an address through a proxy of its own. */
export async function startNode(
  url: string,
  options: PostgresBrokerOptions = {},
  context: Partial<BrokerContext> = {},
): Promise<TestNode> {
  const proxy = await Proxy.start(url);
  const environment = new WatchedEnvironment();
  const logged: TestNode['logged'] = [];
  const resolved = resolvePostgresBrokerOptions({ connectionString: proxy.url, ...options });
  const open = postgresWire(resolved);
  const counting: OpenWire = (events, signal) =>
    open(
      {
        ...events,
        onMessage: (channel, message) => {
          const isOfTopic = /:\d+$/.test(channel);
          if (isOfTopic) node.received += 1;
          if (!isOfTopic || !node.isDeaf) events.onMessage(channel, message);
        },
      },
      signal,
    );
  const whole: BrokerContext = {
    environment,
    history: HISTORY,
    actionWindowMs: 60_000,
    log: { error: (event, error) => void logged.push({ event, error }) },
    ...context,
  };
  const node = { proxy, environment, logged, received: 0, isDeaf: false } as TestNode & { broker: PostgresBroker };
  try {
    node.broker = await startPostgresBroker(whole, resolved, counting);
  } catch (error) {
    await proxy.dispose();
    throw error;
  }
  node.until = async (state) => {
    await firstValueFrom(node.broker.status.pipe(filter((status) => status.state === state)));
  };
  node.stop = (isStopped) => {
    environment.stop(isStopped);
    proxy.stall(isStopped);
  };
  node.crash = async () => {
    proxy.cut();
    await node.until('away');
    await node.broker.dispose();
  };
  node.dispose = async () => {
    await node.broker.dispose();
    await proxy.dispose();
  };
  return node;
}
