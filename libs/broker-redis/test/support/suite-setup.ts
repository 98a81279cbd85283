import type { Broker } from '@statewire/nest';
import { applyDelta, type Json } from '@statewire/protocol';
import type { BrokerSetup } from '@statewire/testing-nest';

import { Keys } from '../../src/keys.js';
import { startNode, type TestNode, type TestServer } from './test-node.js';

const HISTORY = { count: 10, bytes: 3_000, ageMs: 2_000 };
const NODE_TTL_MS = 900;
/** Topics on all servers. An answer arrives behind the messages that its server sent before. */
const LOOKS = Array.from({ length: 24 }, (_, n) => `settled/${n}`);

let setups = 0;

type Send = (...args: string[]) => Promise<unknown>;

/** The servers that a suite runs on. */
export interface SuiteServers {
  readonly address: TestServer;
  /** Time to live of leases. A cluster needs more of a busy machine. */
  readonly leaseTtlMs: number;
  /** Whether the keys of each test are removed, because the servers outlive the tests. */
  readonly removesKeys: boolean;
  /** Runs commands on each server that has keys. */
  onEach<T>(work: (send: Send) => Promise<T>): Promise<readonly T[]>;
  /** Runs commands on the server that has a key. */
  onServerOf(key: string, work: (send: Send) => Promise<void>): Promise<void>;
}

async function scan(send: Send, prefix: string): Promise<string[]> {
  const keys: string[] = [];
  let cursor = '0';
  do {
    const [next, some] = (await send('SCAN', cursor, 'MATCH', `${prefix}:*`, 'COUNT', '1000')) as [string, string[]];
    keys.push(...some);
    cursor = next;
  } while (cursor !== '0');
  return keys;
}

/** Sets a topic back to an offset, and does to the server what a restart or a promotion does. */
async function rollBack(send: Send, prefix: string, topic: string, offset: number): Promise<void> {
  const { record, log } = new Keys(prefix).topic(topic);
  if (offset === 0) await send('DEL', record, log);
  else {
    const entries = (await send('XRANGE', log, '-', String(offset))) as [string, string[]][];
    let value: Json = null;
    for (const [, [form, body]] of entries) {
      value = form === 'd' ? (JSON.parse(body!) as Json) : applyDelta(value, JSON.parse(body!) as Json);
    }
    const [, last] = entries.at(-1)!;
    const lost = (await send('XRANGE', log, `(${offset}`, '+')) as [string, string[]][];
    await send('XDEL', log, ...lost.map(([id]) => id));
    const [, , , time, , id, , bytes] = last as [string, string, string, string, string, string, string, string];
    const kept = ['d', JSON.stringify(value), 'k', String(offset), 'q', id, 's', bytes];
    await send('HSET', record, 'o', String(offset), 'p', id, 't', time, 'b', bytes, ...kept);
  }
  await send('SCRIPT', 'FLUSH');
  await send('CLIENT', 'KILL', 'TYPE', 'pubsub');
  await send('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
}

/** Starts two nodes for a test of the suite. */
export async function createSetup(servers: SuiteServers): Promise<BrokerSetup> {
  const prefix = `suite-${setups++}`;
  const options = { prefix, leaseTtlMs: servers.leaseTtlMs, nodeTtlMs: NODE_TTL_MS, publishTimeoutMs: 3_000 };
  const { address } = servers;
  const context = { history: HISTORY, actionWindowMs: 600_000 };
  const nodes = await Promise.all([startNode(address, options, context), startNode(address, options, context)]);
  const nodeOf = (broker: Broker): TestNode => nodes.find((node) => node.broker === broker)!;
  const advance = (duration: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, duration));
  return {
    nodes: [nodes[0].broker, nodes[1].broker],
    get loggedErrors() {
      return nodes.flatMap(({ logged }) => logged.filter(({ event }) => event === 'topic-listener-failed'));
    },
    historyCount: HISTORY.count,
    historyBytes: HISTORY.bytes,
    historyAge: HISTORY.ageMs,
    tick: 20,
    patience: 10,
    leaseTtl: servers.leaseTtlMs,
    nodeTimeout: NODE_TTL_MS,
    separateNodes: true,
    advance,
    // A message that was sent before a reply arrives before it.
    settle: async () => {
      await advance(20);
      for (const { broker } of nodes) {
        await Promise.all(LOOKS.map((topic) => broker.members(topic))).catch(() => undefined);
      }
    },
    dispose: async () => {
      for (const node of nodes) await node.dispose();
      if (!servers.removesKeys) return;
      await servers.onEach(async (send) => {
        const keys = await scan(send, prefix);
        for (const key of keys) await send('DEL', key);
      });
    },
    crash: (broker) => nodeOf(broker).crash(),
    interrupt: async (broker) => {
      const node = nodeOf(broker);
      node.proxy.cut();
      await node.until('away');
      return async () => {
        node.proxy.mend();
        await node.until('up');
      };
    },
    loseReply: async (broker) => void nodeOf(broker).proxy.loseReply(),
    rollBack: (topic, offset) =>
      servers.onServerOf(new Keys(prefix).topic(topic).record, (send) => rollBack(send, prefix, topic, offset)),
    received: (broker) => nodeOf(broker).received,
    keysWithoutExpiry: async () => {
      const found = await servers.onEach(async (send) => {
        const keys = (await scan(send, prefix)).filter((key) => !key.endsWith('}:g'));
        const expiries = await Promise.all(keys.map((key) => send('PTTL', key)));
        return keys.filter((_, index) => expiries[index] === -1);
      });
      return found.flat();
    },
    leftovers: async (broker) => {
      const { environment, proxy } = nodeOf(broker);
      const id = environment.ids[0]!.slice(0, 12);
      const left = [...environment.timers].map(() => 'a timer');
      if (proxy.connections > 0) left.push(`${proxy.connections} sockets`);
      return [...left, ...(await servers.onEach((send) => keysOf(send, prefix, id))).flat()];
    },
  };
}

/** What the server keeps of a node: leases that it holds, members, running claims, signs of life. */
async function keysOf(send: Send, prefix: string, node: string): Promise<string[]> {
  const found: string[] = [];
  for (const key of await scan(send, prefix)) {
    const type = await send('TYPE', key);
    if (type === 'zset' && ((await send('ZRANGE', key, '0', '-1')) as string[]).includes(node)) found.push(key);
    if (type !== 'hash') continue;
    const fields = (await send('HGETALL', key)) as Record<string, string>;
    const isHeld = fields.n === node && (fields.s === 'running' || Number(fields.x ?? 0) > 0);
    if (isHeld || Object.values(fields).some((value) => value.startsWith(`${node}.`))) found.push(key);
  }
  return found;
}
