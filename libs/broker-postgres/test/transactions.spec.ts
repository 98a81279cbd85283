import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { topicLease, type NewPublication, type TopicMessage } from '@statewire/nest';
import { until } from '@statewire/verification/faults';
import { postgresSkipReason, PostgresServer, withClient } from '@statewire/verification/servers';
import { Client } from 'pg';

import { startNode, type PostgresNode } from './support/test-node.js';

const describeWithServer = postgresSkipReason === undefined ? describe : describe.skip;

let ids = 0;

function state(value: unknown): NewPublication {
  ids += 1;
  return { kind: 'state', id: `t${ids}`, data: JSON.stringify(value) };
}

describeWithServer('a publication in a transaction of the application', () => {
  let server: PostgresServer;
  let nodes: [PostgresNode, PostgresNode];
  let client: Client;
  let topics = 0;
  let topic: string;

  beforeAll(async () => {
    server = await PostgresServer.start('max_prepared_transactions=2');
    nodes = [await startNode(server.url), await startNode(server.url)];
    await server.query('create table orders (id int primary key, state text)');
    await server.query(`insert into orders values (1, 'new')`);
  });

  beforeEach(async () => {
    client = new Client({ connectionString: server.url });
    client.on('error', () => undefined);
    await client.connect();
    topic = `orders/${(topics += 1)}`;
  });

  afterEach(() => client.end());

  afterAll(async () => {
    for (const node of nodes ?? []) await node.dispose();
    await server?.dispose();
  });

  async function values(node = nodes[1]): Promise<string[]> {
    const { publications } = await node.broker.read(topic, 'state', { above: 0 });
    return publications.map(({ data }) => data!);
  }

  /** Publishes in the transaction of a client, the test's own one by default. */
  async function publish(value: unknown, at = topic, connection = client): Promise<void> {
    await nodes[0].broker.publishAtCommit(at, state(value), connection);
  }

  test('can be read on every node right after the commit, and not before', async () => {
    await client.query('begin');
    await publish({ paid: true });
    expect(await values()).toEqual([]);
    await client.query('commit');
    expect(await values()).toEqual(['{"paid":true}']);
  });

  test('reaches the listeners of every node', async () => {
    const heard: TopicMessage[] = [];
    for (const { broker } of nodes) await broker.listen(topic, (message) => heard.push(message));
    await client.query('begin');
    await publish(1);
    await publish(2);
    await client.query('commit');
    await until(() => heard.filter(({ type }) => type === 'publication').length === 4, 'four publications');
  });

  test('reaches the listeners although its node ended right after the commit', async () => {
    const other = await startNode(server.url);
    const heard: TopicMessage[] = [];
    await nodes[1].broker.listen(topic, (message) => heard.push(message));
    await client.query('begin');
    await other.broker.publishAtCommit(topic, state(1), client);
    await other.crash();
    await client.query('commit');
    await until(() => heard.length === 1, 'the publication');
    await other.dispose();
  });

  test('is never there after a rollback', async () => {
    await client.query('begin');
    await publish(1);
    await client.query('rollback');
    expect(await values()).toEqual([]);
  });

  test('is never there after a rollback to a savepoint, and those around it are', async () => {
    await client.query('begin');
    await publish(1);
    await client.query('savepoint s');
    await publish(2);
    await client.query('rollback to savepoint s');
    await publish(3);
    await client.query('commit');
    expect(await values()).toEqual(['1', '3']);
  });

  test('is never there if the client ends in the transaction', async () => {
    const lost = new Client({ connectionString: server.url });
    lost.on('error', () => undefined);
    await lost.connect();
    const { rows } = await lost.query<{ pid: number }>('select pg_backend_pid() as pid');
    await lost.query('begin');
    await publish(1, topic, lost);
    await server.query('select pg_terminate_backend($1)', [rows[0]!.pid]);
    await until(async () => {
      const found = await server.query('select 1 from pg_stat_activity where pid = $1', [rows[0]!.pid]);
      return found.rows.length === 0;
    }, 'the end of the client');
    expect(await values()).toEqual([]);
  });

  test.each(['repeatable read', 'serializable'])(
    'is never there after a serialization failure, and is after the repetition (%s)',
    async (isolation) => {
      await client.query(`begin isolation level ${isolation}`);
      await client.query('select * from orders');
      await server.query(`update orders set state = state || '!'`);
      await publish(1);
      await expect(client.query(`update orders set state = 'paid'`)).rejects.toMatchObject({ code: '40001' });
      await client.query('commit');
      expect(await values()).toEqual([]);
      await client.query(`begin isolation level ${isolation}`);
      await client.query(`update orders set state = 'paid'`);
      await publish(2);
      await client.query('commit');
      expect(await values()).toEqual(['2']);
    },
  );

  test.each(['read committed', 'repeatable read', 'serializable'])(
    'does not fail because others publish to the topic meanwhile, and holds nobody up (%s)',
    async (isolation) => {
      await client.query(`begin isolation level ${isolation}`);
      await client.query('select * from orders');
      await publish('in the transaction');
      await nodes[1].broker.publish(topic, state('first'));
      await nodes[0].broker.publish(topic, state('second'));
      await client.query('commit');
      expect(await values()).toEqual(['"first"', '"second"', '"in the transaction"']);
    },
  );

  test('concurrent serializable transactions that publish do not fail because of each other', async () => {
    const clients = await Promise.all(
      Array.from({ length: 5 }, async () => {
        const one = new Client({ connectionString: server.url });
        await one.connect();
        return one;
      }),
    );
    for (const one of clients) await one.query('begin isolation level serializable');
    for (const [n, one] of clients.entries()) await publish(n, topic, one);
    for (const one of clients) await one.query('commit');
    for (const one of clients) await one.end();
    expect(await values()).toEqual(['0', '1', '2', '3', '4']);
  });

  test('is there in the order of the commits, and before what is published after them', async () => {
    const [other, slow] = [new Client({ connectionString: server.url }), new Client({ connectionString: server.url })];
    await other.connect();
    await slow.connect();
    // No node can append the first one before the second one is committed.
    await values();
    await slow.query('begin');
    await slow.query('select * from statewire.topic where name = $1 for update', [topic]);
    await client.query('begin');
    await publish('committed second');
    await other.query('begin');
    await publish('committed first', topic, other);
    await other.query('commit');
    await client.query('commit');
    await slow.query('commit');
    await nodes[1].broker.publish(topic, state('after both'));
    await other.end();
    await slow.end();
    expect(await values()).toEqual(['"committed first"', '"committed second"', '"after both"']);
  });

  test('is refused while a node holds the lease of the topic, and the transaction goes on', async () => {
    const lease = await nodes[1].broker.lease(topicLease(topic));
    await client.query('begin');
    await expect(publish(1)).rejects.toMatchObject({ name: 'BrokerError', code: 'fenced' });
    await client.query(`update orders set state = 'shipped'`);
    await client.query('commit');
    await lease!.release();
    expect((await server.query('select state from orders')).rows).toEqual([{ state: 'shipped' }]);
    expect(await values()).toEqual([]);
  });

  test.each([
    ['read committed', '55000'],
    ['repeatable read', '40001'],
    ['serializable', '40001'],
  ])('fails the commit if a node takes the lease of the topic before it (%s)', async (isolation, code) => {
    await client.query(`begin isolation level ${isolation}`);
    await client.query('select * from orders');
    await publish(1);
    await client.query(`update orders set state = 'lost'`);
    const lease = await nodes[1].broker.lease(topicLease(topic));
    await expect(client.query('commit')).rejects.toMatchObject({ code });
    await lease!.release();
    expect((await server.query(`select 1 from orders where state = 'lost'`)).rows).toEqual([]);
    expect(await values()).toEqual([]);
  });

  test('is there although the session has triggers switched off, as one that imports data', async () => {
    await client.query('set session_replication_role = replica');
    await client.query('begin');
    await publish(1);
    await client.query('commit');
    expect(await values()).toEqual(['1']);
  });

  test('cannot be prepared for a commit in two phases, and is never there then', async () => {
    await client.query('begin');
    await publish(1);
    await expect(client.query(`prepare transaction 'p'`)).rejects.toThrow(/NOTIFY/);
    expect(await values()).toEqual([]);
  });

  test('to several topics is there in all of them', async () => {
    const others = ['b', 'a', 'c'].map((name) => `${topic}/${name}`);
    await client.query('begin');
    for (const other of others) await publish(other, other);
    await client.query('commit');
    for (const other of others) {
      expect((await nodes[1].broker.read(other, 'state')).base?.data).toBe(JSON.stringify(other));
    }
  });

  test('with thousands of others holds no node up for long', async () => {
    await client.query('begin');
    await client.query(
      `select statewire.publish_at_commit('nobody', $1 || n % 700, 'events', n::text, n::text) from generate_series(1, 1300) n`,
      [`${topic}/`],
    );
    // The places are given now, so that the test can look at each step of the work behind the commit.
    await client.query('set constraints all immediate');
    const steps: unknown[] = [];
    for (let isMore = true; isMore;) {
      const { rows } = await client.query<{ more: boolean }>(`select statewire.drain('(1000,100000,60000)') as more`);
      const left = await client.query<{ count: number }>('select count(*)::int as count from statewire.outbox_order');
      isMore = rows[0]!.more;
      steps.push([isMore, left.rows[0]!.count]);
    }
    expect(steps).toEqual([
      [true, 800],
      [true, 300],
      [false, 0],
    ]);
    const { rows } = await client.query(
      `select string_agg(l.id, ',' order by l."offset") as ids from statewire.log l join statewire.topic t using (log)
       where t.name = $1`,
      [`${topic}/8`],
    );
    expect(rows).toEqual([{ ids: '8,708' }]);
    await client.query('rollback');
  });

  test('may be as large as any other', async () => {
    const heard: TopicMessage[] = [];
    await nodes[1].broker.listen(topic, (message) => heard.push(message));
    await client.query('begin');
    await publish('x'.repeat(100_000));
    await client.query('commit');
    await until(() => heard.length === 1, 'the publication');
    expect(heard).toMatchObject([{ publication: { data: JSON.stringify('x'.repeat(100_000)) } }]);
  });

  test('needs no more than the right to call one function', async () => {
    await server.query('create role app login');
    await server.query('grant usage on schema statewire to app');
    const url = server.url.replace('postgres@', 'app@');
    await withClient(url, async (app) => {
      await app.query('begin');
      await publish(1, topic, app);
      await app.query('commit');
    });
    expect(await values()).toEqual(['1']);
  });
});
