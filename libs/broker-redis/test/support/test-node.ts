import { randomBytes } from 'node:crypto';

import type { BrokerContext, Environment, Timer } from '@statewire/nest';
import { filter, firstValueFrom } from 'rxjs';

import { resolveRedisBrokerOptions, type RedisBrokerOptions } from '../../src/options.js';
import type { RedisBroker } from '../../src/redis-broker.js';
import { startRedisBroker } from '../../src/start.js';
import { redisWire, type OpenWire } from '../../src/wire.js';
import { RedisCluster } from '@statewire/verification/servers';
import { Proxy } from './proxy.js';

const HISTORY = { count: 1_000, bytes: 2 ** 20, ageMs: 60_000 };

/** The real clock, with timers and ids that a test can look at. */
class WatchedEnvironment implements Environment {
  readonly timers = new Set<Timer>();
  readonly ids: string[] = [];
  /** Milliseconds by which the wall clock is wrong. */
  skewMs = 0;
  private isStopped = false;
  private late: (() => void)[] = [];

  /** Stops the timers, as a stopped process does, until it is called with false. */
  stop(isStopped: boolean): void {
    this.isStopped = isStopped;
    if (!isStopped) for (const callback of this.late.splice(0)) callback();
  }

  now(): number {
    return Date.now() + this.skewMs;
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
  readonly broker: RedisBroker;
  readonly proxy: Proxy;
  readonly environment: WatchedEnvironment;
  readonly logged: { readonly event: string; readonly error: unknown }[];
  /** Messages of topics that arrived. */
  received: number;
  /** Ends the node without a word, as `kill -9` does. */
  crash(): Promise<void>;
  /** Stops the node with its connections open, as SIGSTOP does, until it is called with false. */
  stop(isStopped: boolean): void;
  /** Resolves when the node says that the server is out of reach, or back. */
  until(state: 'up' | 'away'): Promise<void>;
  dispose(): Promise<void>;
}

const DEFAULT_PORT = 6379;

/** A port of this machine, an address, or a cluster. */
export type TestServer = number | URL | RedisCluster;

async function startProxy(server: TestServer): Promise<{ proxy: Proxy; address: RedisBrokerOptions }> {
  if (!(server instanceof RedisCluster)) {
    const [port, host] = typeof server === 'number' ? [server] : [Number(server.port || DEFAULT_PORT), server.hostname];
    const proxy = await Proxy.start(port, host);
    return { proxy, address: { url: proxy.url } };
  }
  const proxy = new Proxy();
  for (const { port } of server.addresses) await proxy.add(port);
  const rootNodes = server.addresses.map(({ host, port }) => proxy.find(`${host}:${port}`)!);
  return { proxy, address: { cluster: { rootNodes, nodeAddressMap: (address) => proxy.find(address) } } };
}

/** Starts a node that reaches the server through a proxy of its own. */
export async function startNode(
  server: TestServer,
  options: RedisBrokerOptions = {},
  context: Partial<BrokerContext> = {},
): Promise<TestNode> {
  const { proxy, address: own } = await startProxy(server);
  const environment = new WatchedEnvironment();
  const logged: TestNode['logged'] = [];
  const resolved = resolveRedisBrokerOptions({
    ...(options.sentinel === undefined && options.cluster === undefined ? own : {}),
    ...options,
  });
  const open = redisWire(resolved);
  const counting: OpenWire = (events, signal, address) =>
    open(
      {
        ...events,
        onMessage: (channel, message) => {
          if (channel.includes('}:c:')) node.received += 1;
          events.onMessage(channel, message);
        },
      },
      signal,
      address,
    );
  const whole: BrokerContext = {
    environment,
    history: HISTORY,
    actionWindowMs: 60_000,
    log: { error: (event, error) => void logged.push({ event, error }) },
    ...context,
  };
  const node = { proxy, environment, logged, received: 0 } as TestNode & { broker: RedisBroker };
  try {
    node.broker = await startRedisBroker(whole, resolved, counting);
  } catch (error) {
    await proxy.dispose();
    throw error;
  }
  node.until = async (state) => {
    await firstValueFrom(node.broker.status.pipe(filter((status) => status.state === state)));
    // The status of a cluster tells the first server that is away.
    while (proxy.isCut && node.broker.reachable > 0) await new Promise(setImmediate);
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
