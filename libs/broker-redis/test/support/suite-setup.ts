import { applyDelta, type Json } from '@statewire/protocol';
import type { BrokerSetup } from '@statewire/testing-nest';
import { SUITE_HISTORY, suiteNodes } from '@statewire/verification/brokers';

import { Keys } from '../../src/keys.js';
import { changeRecord } from './record.js';
import { startNode, type RedisNode, type TestedServers } from './test-node.js';

/** Longer than the time in which a busy machine connects again. */
const NODE_TTL_MS = 2_500;
/** Topics on all servers. An answer arrives behind the messages that its server sent before. */
const LOOKS = Array.from({ length: 24 }, (_, n) => `settled/${n}`);

let setups = 0;

type Send = (...args: string[]) => Promise<unknown>;

/** The servers that a suite runs on. */
export interface SuiteServers {
  readonly address: TestedServers;
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
    for (const [, [name, body]] of entries) {
      value = name!.startsWith('d') ? (JSON.parse(body!) as Json) : applyDelta(value, JSON.parse(body!) as Json);
    }
    const [at, [name]] = entries.at(-1) as [string, [string]];
    const lost = (await send('XRANGE', log, `(${offset}`, '+')) as [string, string[]][];
    await send('XDEL', log, ...lost.map(([id]) => id));
    const [, t] = at.split('-') as [string, string];
    const [, b, id] = /^.(\d+) (.*)$/.exec(name) as unknown as [string, string, string];
    await send('HSET', record, 'd', JSON.stringify(value));
    await changeRecord(send, record, { o: String(offset), p: id, t, b, k: String(offset), q: id, s: b });
  }
  await send('SCRIPT', 'FLUSH');
  await send('CLIENT', 'KILL', 'TYPE', 'pubsub');
  await send('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
}

/** Starts two nodes for a test of the suite. */
export async function createSetup({
  address,
  leaseTtlMs,
  removesKeys,
  onEach,
  onServerOf,
}: SuiteServers): Promise<BrokerSetup> {
  const prefix = `suite-${setups++}`;
  const options = { prefix, leaseTtlMs, nodeTtlMs: NODE_TTL_MS, publishTimeoutMs: 3_000 };
  const start = (): Promise<RedisNode> =>
    startNode(address, options, { history: SUITE_HISTORY, actionWindowMs: 600_000 });
  return suiteNodes(await Promise.all([start(), start()]), {
    leaseTtl: leaseTtlMs,
    nodeTimeout: NODE_TTL_MS,
    // A message that was sent before a reply arrives before it.
    look: ({ broker }) => Promise.all(LOOKS.map((topic) => broker.members(topic))),
    dispose: async () => {
      if (!removesKeys) return;
      await onEach(async (send) => {
        const keys = await scan(send, prefix);
        for (const key of keys) await send('DEL', key);
      });
    },
    rollBack: (topic, offset) =>
      onServerOf(new Keys(prefix).topic(topic).record, (send) => rollBack(send, prefix, topic, offset)),
    keysWithoutExpiry: async () => {
      const found = await onEach(async (send) => {
        const keys = (await scan(send, prefix)).filter((key) => !key.endsWith('}:g'));
        const expiries = await Promise.all(keys.map((key) => send('PTTL', key)));
        return keys.filter((_, index) => expiries[index] === -1);
      });
      return found.flat();
    },
    leftoversOf: async (node) => (await onEach((send) => keysOf(send, prefix, node))).flat(),
  });
}

/** Everything that the server keeps of a node: leases that it holds, members, running claims, signs of life. */
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
