import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Broker } from '@statewire/nest';
import { applyDelta, type Json } from '@statewire/protocol';
import { describeBroker, type BrokerSetup } from '@statewire/testing-nest';
import { ownPostgresServer, postgresSkipReason, PostgresServer, withClient } from '@statewire/verification/servers';
import type { Client } from 'pg';

import { startNode, type TestNode } from './support/test-node.js';

const schema = 'suite';
const HISTORY = { count: 10, bytes: 3_000, ageMs: 2_000 };
const LEASE_TTL_MS = 1_000;
/** Longer than the time in which a busy machine connects again. */
const NODE_TTL_MS = 2_500;
/** All tables whose rows have a time at which they expire. */
const EXPIRING = ['topic', 'batch', 'outbox', 'outbox_order', 'claim', 'lease', 'node', 'member', 'mail'];

let server: PostgresServer | undefined;
let url = ownPostgresServer ?? '';

async function query(text: string, values: unknown[] = []): Promise<readonly Record<string, unknown>[]> {
  const { rows } = await withClient(url, (client) => client.query<Record<string, unknown>>(text, values));
  return rows;
}

/**
 * Sets a topic back to an offset, as a dump that is restored does: the data belongs to other tables then, and all connections
 * end.
 */
async function rollBack(client: Client, schema: string, topic: string, offset: number): Promise<void> {
  await client.query('begin');
  const { rows } = await client.query<{
    offset: string;
    id: string;
    bytes: string;
    delta: string | null;
    data: string;
  }>(
    `select l.* from ${schema}.log l join ${schema}.topic t on t.log = l.log
     where t.name = $1 and l."offset" <= $2 order by l."offset"`,
    [topic, offset],
  );
  let value: Json = null;
  for (const { data, delta } of rows) {
    value = delta === null ? (JSON.parse(data) as Json) : applyDelta(value, JSON.parse(delta) as Json);
  }
  const last = rows.at(-1);
  if (last === undefined) await client.query(`delete from ${schema}.topic where name = $1`, [topic]);
  else {
    await client.query(
      `update ${schema}.topic set "offset" = $2, id = $3, keyframe = $2, keyframe_id = $3, keyframe_bytes = $4, bytes = $4
       where name = $1`,
      [topic, offset, last.id, last.bytes],
    );
    await client.query(
      `update ${schema}.log l set data = $3 from ${schema}.topic t
       where t.log = l.log and t.name = $1 and l."offset" = $2`,
      [topic, offset, JSON.stringify(value)],
    );
    await client.query(
      `delete from ${schema}.log l using ${schema}.topic t where t.log = l.log and t.name = $1 and l."offset" > $2`,
      [topic, offset],
    );
  }
  await client.query(`update ${schema}.life set stamp = 'of another server'`);
  await client.query('commit');
  await client.query(
    `select pg_terminate_backend(pid) from pg_stat_activity
     where application_name = 'statewire' and datname = current_database() and pid <> pg_backend_pid()`,
  );
}

async function createCluster(): Promise<BrokerSetup> {
  const options = {
    schema,
    leaseTtlMs: LEASE_TTL_MS,
    nodeTtlMs: NODE_TTL_MS,
    publishTimeoutMs: 3_000,
    requestTimeoutMs: 1_000,
  };
  const context = { history: HISTORY, actionWindowMs: 600_000 };
  const nodes = await Promise.all([startNode(url, options, context), startNode(url, options, context)]);
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
    leaseTtl: LEASE_TTL_MS,
    nodeTimeout: NODE_TTL_MS,
    separateNodes: true,
    advance,
    // A notification that was sent before a reply arrives before it. The text of a long one is read behind it.
    settle: async () => {
      await advance(20);
      for (let round = 0; round < 3; round++) {
        for (const { broker } of nodes) await broker.members('settled').catch(() => undefined);
      }
    },
    dispose: async () => {
      for (const node of nodes) await node.dispose();
      // An empty cluster for the next test. A new schema takes half a second.
      const tables = [...EXPIRING, 'log', 'life'].map((table) => `${schema}.${table}`);
      await query(`truncate ${tables.join(', ')}`);
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
    rollBack: (topic, offset) => withClient(url, (client) => rollBack(client, schema, topic, offset)),
    received: (broker) => nodeOf(broker).received,
    keysWithoutExpiry: async () => {
      const found: string[] = [];
      for (const table of EXPIRING) {
        const rows = await query(`select 1 from ${schema}.${table} where not expires > ${schema}.now_ms()`);
        if (rows.length > 0) found.push(table);
      }
      // Histories end with their topics.
      const orphans = await query(`select 1 from ${schema}.log where log not in (select log from ${schema}.topic)`);
      return orphans.length > 0 ? [...found, 'log'] : found;
    },
    leftovers: async (broker) => {
      const { environment, proxy } = nodeOf(broker);
      const id = environment.ids[0]!.slice(0, 12);
      const left = [...environment.timers].map(() => 'a timer');
      if (proxy.connections > 0) left.push(`${proxy.connections} sockets`);
      const held = [
        `select 'a sign of life' as name from ${schema}.node where id = $1`,
        `select 'a batch' from ${schema}.batch where node = $1`,
        `select 'a member' from ${schema}.member where node = $1`,
        `select 'the lease ' || name from ${schema}.lease where node = $1 and until > 0`,
        `select 'a running claim' from ${schema}.claim where node = $1 and state = 'running'`,
      ];
      const rows = await query(held.join(' union all '), [id]);
      return [...left, ...rows.map(({ name }) => String(name))];
    },
  };
}

if (postgresSkipReason === undefined || ownPostgresServer !== undefined) {
  beforeAll(async () => {
    if (ownPostgresServer !== undefined) return;
    server = await PostgresServer.start();
    ({ url } = server);
  });
  afterAll(async () => {
    await server?.dispose();
  });
  afterAll(async () => {
    if (ownPostgresServer !== undefined) await query(`drop schema if exists ${schema} cascade`);
  });
  describeBroker('postgres', createCluster, { afterEach, beforeEach, describe, expect, test });
} else {
  describe('postgres broker', () => {
    test.skip(`skipped: ${postgresSkipReason}`, () => undefined);
  });
}
