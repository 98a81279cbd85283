import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { until } from '@statewire/verification/faults';
import { postgresSkipReason, PostgresServer, withClient } from '@statewire/verification/servers';

import { migrate } from '../src/index.js';
import { startNode } from './support/test-node.js';

const describeWithServer = postgresSkipReason === undefined ? describe : describe.skip;

describeWithServer('a server', () => {
  let server: PostgresServer;

  beforeAll(async () => {
    server = await PostgresServer.start();
  });

  afterAll(() => server.dispose());

  test('gets its schema once from nodes that start at the same time, and from migrate()', async () => {
    const schema = 'together';
    const nodes = await Promise.all(Array.from({ length: 6 }, () => startNode(server.url, { schema })));
    await withClient(server.url, async (client) => {
      await Promise.all([migrate(client, { schema }), migrate(client, { schema })]);
      expect((await client.query(`select version from ${schema}.meta`)).rows).toEqual([{ version: 1 }]);
    });
    for (const node of nodes) await node.dispose();
  });

  test('may have applications side by side, each in its own schema', async () => {
    const [first, second] = [
      await startNode(server.url, { schema: 'first' }),
      await startNode(server.url, { schema: 'second' }),
    ];
    const { epoch } = await first.broker.publish('lobby', { kind: 'state', id: 'a', data: '1' });
    const heard: unknown[] = [];
    await second.broker.listen('lobby', (message) => heard.push(message));
    await first.broker.publish('lobby', { kind: 'state', id: 'b', data: '2' });
    expect((await second.broker.read('lobby', 'state')).epoch).not.toBe(epoch);
    await second.broker.members('lobby');
    expect(heard).toEqual([]);
    for (const node of [first, second]) await node.dispose();
  });

  test('whose schema is missing, newer or older is refused by name', async () => {
    await expect(startNode(server.url, { schema: 'missing', migrate: false })).rejects.toThrow(
      'the schema "missing" has no tables of Statewire',
    );
    await withClient(server.url, async (client) => {
      await migrate(client, { schema: 'other' });
      await client.query('update other.meta set version = 2');
      await expect(startNode(server.url, { schema: 'other' })).rejects.toThrow('which is newer than version 1');
      await client.query('update other.meta set version = 0');
      await expect(migrate(client, { schema: 'other' })).rejects.toThrow('which is older than version 1');
    });
    await expect(withClient(server.url, (client) => migrate(client, { schema: 'No' }))).rejects.toThrow('needs quotes');
  });

  test('that does not let the user in, or create the schema, is refused by name and without the password', async () => {
    await server.query(`create role weak login password 'hush'`);
    const url = server.url.replace('postgres@', 'weak:hush@');
    const start = startNode(url, { schema: 'weak' });
    await expect(start).rejects.toThrow(/the user may not create the schema "weak": .*permission denied for database/);
    await expect(start).rejects.not.toThrow('hush');
    await expect(startNode(server.url.replace('postgres@', 'nobody@'))).rejects.toThrow('role "nobody" does not exist');
    await expect(startNode(server.url.replace(/\/postgres$/, '/nowhere'))).rejects.toThrow('does not exist');
    await withClient(server.url, (client) => migrate(client, { schema: 'strong' }));
    await expect(startNode(url, { schema: 'strong' })).rejects.toThrow('permission denied for schema strong');
  });

  test('needs a user without special rights', async () => {
    await server.query('create role plain login');
    await server.query('grant create on database postgres to plain');
    const node = await startNode(server.url.replace('postgres@', 'plain@'), { schema: 'plain' });
    expect(await node.broker.publish('lobby', { kind: 'state', id: 'a', data: '1' })).toMatchObject({ offset: 1 });
    await node.dispose();
  });

  test('may give the role of the broker other settings', async () => {
    await server.query('create role strict login superuser');
    const settings = {
      default_transaction_isolation: 'serializable',
      lock_timeout: '1ms',
      idle_session_timeout: '10min',
    };
    const url = server.url.replace('postgres@', 'strict@');
    await (await startNode(url, { schema: 'strict' })).dispose();
    await server.query(`create function strict.check_settings() returns trigger language plpgsql as $$ begin
      if current_setting('transaction_isolation') <> 'read committed' or current_setting('lock_timeout') <> '0'
        or current_setting('idle_session_timeout') <> '0'
      then raise 'The role has other settings.'; end if;
      return new;
    end $$`);
    await server.query(
      'create trigger check_settings before insert on strict.topic for each row execute function strict.check_settings()',
    );
    for (const [name, value] of Object.entries(settings))
      await server.query(`alter role strict set ${name} = '${value}'`);
    const node = await startNode(url, { schema: 'strict' });
    expect(await node.broker.publish('lobby', { kind: 'state', id: 'a', data: '1' })).toMatchObject({ offset: 1 });
    await node.dispose();
  });

  test('whose clock goes back frees the lease of a crashed node after its time to live', async () => {
    const options = { schema: 'clock', leaseTtlMs: 300 };
    const [crashed, other] = [await startNode(server.url, options), await startNode(server.url, options)];
    await crashed.broker.lease('topic:lobby');
    await crashed.crash();
    // As if the clock had been an hour ahead when the node took the lease.
    await server.query('update clock.lease set until = until + 3600000');
    const signal = new AbortController();
    const lease = await other.broker.lease('topic:lobby', { signal: signal.signal });
    expect(lease).toBeDefined();
    await lease!.release();
    for (const node of [crashed, other]) await node.dispose();
  });

  test('whose table of lease counts was emptied fills it again, and grants leases of topics', async () => {
    const node = await startNode(server.url, { schema: 'counted' });
    await server.query('truncate counted.lease_count');
    const lease = await node.broker.lease('topic:lobby', { signal: AbortSignal.timeout(20_000) });
    expect(lease).toBeDefined();
    await lease!.release();
    await server.query('truncate counted.lease_count');
    await withClient(server.url, async (client) => {
      await client.query('begin');
      await node.broker.publishAtCommit('lobby', { kind: 'state', id: 'a', data: '1' }, client);
      await client.query('commit');
    });
    const { rows } = await server.query('select count(*)::int as count from counted.lease_count');
    expect(rows).toEqual([{ count: 1 }]);
    await node.dispose();
  });

  test('that still runs a statement of a lost connection stores its publications once', async () => {
    const schema = 'late';
    const node = await startNode(server.url, { schema });
    await node.broker.read('lobby', 'events');
    await withClient(server.url, async (client) => {
      await client.query('begin');
      await client.query(`select from ${schema}.topic for update`);
      const waiters = async (): Promise<number> => {
        const { rows } = await server.query(
          `select count(*)::int as count from pg_stat_activity where wait_event_type = 'Lock' and query like '%late.publish%'`,
        );
        return (rows[0] as { count: number }).count;
      };
      const published = node.broker.publish('lobby', { kind: 'events', id: 'a', data: '1' });
      await until(async () => (await waiters()) === 1, 'the statement');
      const away = node.until('away');
      node.proxy.cut();
      await away;
      node.proxy.mend();
      await until(async () => (await waiters()) === 2, 'the repeated statement');
      await client.query('commit');
      expect(await published).toMatchObject({ offset: 1 });
    });
    expect(await node.broker.read('lobby', 'events', { above: 0 })).toMatchObject({ offset: 1 });
    await node.dispose();
  });

  test('with a database of another encoding is refused by name', async () => {
    await server.query(`create database latin encoding 'LATIN1' template template0`);
    await expect(startNode(server.url.replace(/\/postgres$/, '/latin'))).rejects.toThrow(
      'the encoding of the database is LATIN1, and the broker needs UTF8',
    );
  });

  test('that is a standby is refused by name', async () => {
    const standby = await PostgresServer.startStandby(server);
    await expect(startNode(standby.url)).rejects.toThrow('the server is a standby, and the broker needs the primary');
    await standby.dispose();
  });

  test('gives all topics new epochs, with their histories, after a dump was restored into it', async () => {
    const schema = 'dumped';
    const node = await startNode(server.url, { schema });
    const old = await node.broker.publish('lobby', { kind: 'state', id: 'a', data: '1' });
    await node.dispose();
    // The stamp names the server and the table, and a dump has the one of another server or table.
    await server.query(`update ${schema}.life set stamp = 'of another server'`);
    await (await startNode(server.url, { schema })).dispose();
    const { rows } = await server.query(`select epoch, "offset"::int from ${schema}.topic where name = 'lobby'`);
    expect(rows).toEqual([{ epoch: expect.not.stringMatching(old.epoch), offset: 1 }]);
  });
});
