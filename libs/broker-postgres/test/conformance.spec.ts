import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { applyDelta, type Json } from '@statewire/protocol';
import { describeBroker, type BrokerSetup } from '@statewire/testing-nest';
import { SUITE_HISTORY, suiteNodes } from '@statewire/verification/brokers';
import { ownPostgresServer, postgresSkipReason, PostgresServer, withClient } from '@statewire/verification/servers';
import type { Client } from 'pg';

import { startNode, type PostgresNode } from './support/test-node.js';

const schema = 'suite';
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

async function createSetup(): Promise<BrokerSetup> {
  const options = {
    schema,
    leaseTtlMs: LEASE_TTL_MS,
    nodeTtlMs: NODE_TTL_MS,
    publishTimeoutMs: 3_000,
    requestTimeoutMs: 1_000,
  };
  const start = (): Promise<PostgresNode> =>
    startNode(url, options, { history: SUITE_HISTORY, actionWindowMs: 600_000 });
  return suiteNodes(await Promise.all([start(), start()]), {
    leaseTtl: LEASE_TTL_MS,
    nodeTimeout: NODE_TTL_MS,
    // A notification that was sent before a reply arrives before it. The text of a long one is read behind it.
    look: async ({ broker }) => {
      for (let round = 0; round < 3; round++) await broker.members('settled');
    },
    dispose: async () => {
      // An empty cluster for the next test. A new schema takes half a second.
      const tables = [...EXPIRING, 'log', 'life'].map((table) => `${schema}.${table}`);
      await query(`truncate ${tables.join(', ')}`);
    },
    rollBack: (topic, offset) => withClient(url, (client) => rollBack(client, schema, topic, offset)),
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
    leftoversOf: async (node) => {
      const held = [
        `select 'a sign of life' as name from ${schema}.node where id = $1`,
        `select 'a batch' from ${schema}.batch where node = $1`,
        `select 'a member' from ${schema}.member where node = $1`,
        `select 'the lease ' || name from ${schema}.lease where node = $1 and until > 0`,
        `select 'a running claim' from ${schema}.claim where node = $1 and state = 'running'`,
      ];
      return (await query(held.join(' union all '), [node])).map(({ name }) => String(name));
    },
  });
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
  describeBroker('postgres', createSetup, { afterEach, beforeEach, describe, expect, test });
} else {
  describe('postgres broker', () => {
    test.skip(`skipped: ${postgresSkipReason}`, () => undefined);
  });
}
