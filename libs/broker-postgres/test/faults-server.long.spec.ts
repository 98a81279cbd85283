import { afterEach, describe, expect, test } from '@jest/globals';
import { setTimeout as wait } from 'node:timers/promises';
import { postgresSkipReason, PostgresServer } from '@statewire/verification/servers';

import { FollowedTopic, SHORT, TOPIC } from './support/followed-topic.js';
import { until, untilEqual } from './support/until.js';

const testWithServer = postgresSkipReason === undefined ? test : test.skip;

const disposals: (() => Promise<void>)[] = [];

async function start(...settings: string[]): Promise<{ server: PostgresServer; topic: FollowedTopic }> {
  const server = await PostgresServer.start(...settings);
  disposals.push(() => server.dispose());
  const topic = await FollowedTopic.start(server, SHORT);
  disposals.push(() => topic.dispose());
  return { server, topic };
}

afterEach(async () => {
  for (const dispose of disposals.splice(0).reverse()) await dispose();
});

describe('X1: a server that freezes', () => {
  testWithServer('for 2 s loses nothing, and no topic starts over', async () => {
    const { server, topic } = await start();
    await topic.publishAll(3);
    await untilEqual(topic.followers);
    await topic.publishDuring(async () => {
      server.freeze();
      await wait(2_000);
      server.thaw();
    });
    await topic.settled();
    await untilEqual(topic.followers);
    expect(topic.followers[1]!.value).toEqual(topic.newest);
    expect(topic.outcomes.every(({ status }) => status === 'fulfilled')).toBe(true);
    expect(topic.ledger.epochs.size).toBe(1);
  });

  testWithServer('for 10 s interrupts its topics, keeps the newest value only, and no topic starts over', async () => {
    const { server, topic } = await start();
    await topic.publishAll(3);
    await untilEqual(topic.followers);
    await topic.publishDuring(async () => {
      server.freeze();
      await Promise.all([topic.untilAll('away'), wait(10_000)]);
    });
    for (const { isStale, value } of topic.followers) expect([isStale, value !== undefined]).toEqual([true, true]);
    expect(topic.nodes[0].broker.sizes.pending).toBe(1);
    server.thaw();
    await topic.settled();
    await untilEqual(topic.followers);
    expect(topic.followers[1]!.value).toEqual(topic.newest);
    expect(topic.outcomes.every(({ status }) => status === 'fulfilled')).toBe(true);
    expect(topic.ledger.epochs.size).toBe(1);
  });
});

describe('X2: a server that is killed and starts again', () => {
  testWithServer('has empty tables: every topic starts over, and a follower shows no value that is gone', async () => {
    const { server, topic } = await start();
    await topic.publishAll(20);
    await untilEqual(topic.followers);
    const { epoch } = topic.followers[0]!;
    await server.kill();
    await topic.untilAll('away');
    await server.start();
    await until('a new epoch', () => topic.followers.every((follower) => follower.epoch !== epoch));
    await untilEqual(topic.followers);
    expect(topic.followers[0]).toMatchObject({ offset: 0, value: undefined });
    await topic.publishAll(20);
    await untilEqual(topic.followers);
    expect(topic.followers[1]!.value).toEqual(topic.newest);
  });

  testWithServer('in good order: keeps all values, and no topic starts over', async () => {
    const { server, topic } = await start();
    await topic.publishAll(20);
    await server.stop();
    await topic.untilAll('away');
    await server.start();
    await topic.untilAll('up');
    await topic.publishAll(20);
    await untilEqual(topic.followers);
    expect(topic.followers[1]!.value).toEqual(topic.newest);
    expect(topic.followers[0]!.offset).toBe(40);
    expect(topic.ledger.epochs.size).toBe(1);
  });

  testWithServer('while values are published: each is stored or superseded, and the newest one wins', async () => {
    const { server, topic } = await start();
    await topic.publishDuring(async () => {
      for (let round = 0; round < 3; round++) {
        await wait(500);
        await server.kill();
        await topic.untilAll('away');
        await server.start();
        await topic.untilAll('up');
      }
    });
    await topic.settled();
    await untilEqual(topic.followers);
    expect(topic.followers[1]!.value).toEqual(topic.newest);
    expect(topic.outcomes.every(({ status }) => status === 'fulfilled')).toBe(true);
  });
});

describe('X3: tables that an operator empties', () => {
  testWithServer.each([
    ['all tables', 'truncate statewire.topic, statewire.log, statewire.batch, statewire.life, statewire.node'],
    ['the topics', 'truncate statewire.topic'],
    ['the row of the topic', `delete from statewire.topic where name = '${TOPIC}'`],
    ['the history', 'delete from statewire.log'],
    ['what tells since when the data has been complete', 'delete from statewire.life'],
  ])('%s, while values are published: all are stored, and the topic starts over once at most', async (_, statement) => {
    const { server, topic } = await start();
    await topic.publishDuring(async () => {
      await wait(500);
      await server.query(statement);
      await wait(1_500);
    });
    topic.publish();
    await topic.settled();
    await untilEqual(topic.followers);
    expect(topic.followers[1]!.value).toEqual(topic.newest);
    expect(topic.outcomes.every(({ status }) => status === 'fulfilled')).toBe(true);
    expect(topic.ledger.epochs.size).toBeLessThanOrEqual(2);
    for (const { logged } of topic.nodes) expect(logged).toEqual([]);
  });

  testWithServer('while nobody publishes: the followers learn that the value is gone', async () => {
    const { server, topic } = await start();
    await topic.publishAll(3);
    await untilEqual(topic.followers);
    await server.query('truncate statewire.topic, statewire.log');
    await until('a new epoch', () => topic.followers.every(({ offset, isStale }) => offset === 0 && !isStale));
    await untilEqual(topic.followers);
  });
});

describe('X4: a standby that is promoted', () => {
  testWithServer.each([0, 100])(
    'without the last %d publications, while nobody publishes: all topics start over on all nodes',
    async (lost) => {
      const { server, topic } = await start();
      const standby = await PostgresServer.startStandby(server);
      disposals.push(() => standby.dispose());
      await topic.publishAll(10);
      await untilEqual(topic.followers);
      const { epoch } = topic.followers[0]!;
      standby.freeze();
      await topic.publishAll(lost);
      await untilEqual(topic.followers);
      expect(topic.followers[0]!.offset).toBe(10 + lost);

      for (const { proxy } of topic.nodes) proxy.lead(standby.port);
      await server.kill();
      standby.thaw();
      standby.promote();
      await until('a new epoch', () => topic.followers.every((follower) => follower.epoch !== epoch));
      await untilEqual(topic.followers);
      expect(topic.followers[0]).toMatchObject({ offset: 0, value: undefined });

      await topic.publishAll(20);
      await untilEqual(topic.followers);
      expect(topic.followers[1]!.value).toEqual(topic.newest);
    },
  );
});

describe('connections that the server ends', () => {
  testWithServer('again and again, while values are published: nothing is lost, and no topic starts over', async () => {
    const { server, topic } = await start();
    await topic.publishDuring(async () => {
      for (let round = 0; round < 10; round++) {
        await wait(300);
        await server.query(
          `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'statewire'`,
        );
        await topic.untilAll('up');
      }
    });
    await topic.settled();
    await untilEqual(topic.followers);
    expect(topic.followers[1]!.value).toEqual(topic.newest);
    expect(topic.outcomes.every(({ status }) => status === 'fulfilled')).toBe(true);
    expect(topic.ledger.epochs.size).toBe(1);
  });
});

describe('notifications that get lost', () => {
  testWithServer('are made up for by the next looks', async () => {
    const { topic } = await start();
    await topic.publishAll(3);
    await untilEqual(topic.followers);
    topic.nodes[1].isDeaf = true;
    await topic.publishAll(5);
    const { offset } = topic.followers[0]!;
    await until('the values that no notification told', () => topic.followers[1]!.offset === offset);
    await untilEqual(topic.followers);
    expect(topic.followers[1]!.value).toEqual(topic.newest);
    expect(topic.followers[1]!.interruptions).toBe(0);
  });
});

describe('X11: a slow link', () => {
  testWithServer('of 200 ms and slices of one byte: nothing is lost or reordered', async () => {
    const { topic } = await start();
    for (const { proxy } of topic.nodes) proxy.slow(200, 1);
    await topic.publishDuring(() => wait(5_000));
    await topic.settled();
    await untilEqual(topic.followers);
    expect(topic.followers[1]!.value).toEqual(topic.newest);
    expect(topic.outcomes.every(({ status }) => status === 'fulfilled')).toBe(true);
    expect(topic.ledger.epochs.size).toBe(1);
  });
});
