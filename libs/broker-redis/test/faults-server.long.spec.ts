import { afterEach, describe, expect, test } from '@jest/globals';
import { setTimeout as wait } from 'node:timers/promises';

import { Keys, TAGS } from '../src/keys.js';
import { FollowedTopic, SHORT, TOPIC } from './support/followed-topic.js';
import { RedisServer, skipReason } from '@statewire/verification/servers';
import { until, untilEqual } from './support/until.js';

const testWithServer = skipReason === undefined ? test : test.skip;

const disposals: (() => Promise<void>)[] = [];

async function start(...options: string[]): Promise<{ server: RedisServer; topic: FollowedTopic }> {
  const server = await RedisServer.start(...options);
  disposals.push(() => server.dispose());
  const topic = await FollowedTopic.start(server, SHORT);
  disposals.push(() => topic.dispose());
  return { server, topic };
}

afterEach(async () => {
  for (const dispose of disposals.splice(0).reverse()) await dispose();
});

const KEYS = new Keys('sw').topic(TOPIC);

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

  testWithServer.each([10, 60])(
    'for %d s interrupts its topics, keeps the newest value only, and no topic starts over',
    async (seconds) => {
      const { server, topic } = await start();
      await topic.publishAll(3);
      await untilEqual(topic.followers);
      await topic.publishDuring(async () => {
        server.freeze();
        await Promise.all([topic.untilAll('away'), wait(seconds * 1_000)]);
      });
      for (const { isStale, value } of topic.followers) expect([isStale, value !== undefined]).toEqual([true, true]);
      expect(topic.nodes[0].broker.sizes.pending).toBe(1);
      server.thaw();
      await topic.settled();
      await untilEqual(topic.followers);
      expect(topic.followers[1]!.value).toEqual(topic.newest);
      expect(topic.outcomes.every(({ status }) => status === 'fulfilled')).toBe(true);
      expect(topic.ledger.epochs.size).toBe(1);
    },
  );
});

describe('X2: a server that is killed and starts again', () => {
  testWithServer('empty: every topic starts over, and a follower shows no value that is gone', async () => {
    const { server, topic } = await start();
    await topic.publishAll(20);
    await untilEqual(topic.followers);
    const [{ epoch }] = [topic.followers[0]!];
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

  testWithServer(
    'from a snapshot: the value of the snapshot goes on in a new epoch, and no position is used twice',
    async () => {
      const { server, topic } = await start();
      await topic.publishAll(20);
      await server.admin((send) => send('SAVE'));
      await untilEqual(topic.followers);
      const { epoch, value } = topic.followers[0]!;
      await topic.publishAll(20);
      await untilEqual(topic.followers);
      await server.kill();
      await topic.untilAll('away');
      await server.start();
      await until('a new epoch', () => topic.followers.every((follower) => follower.epoch !== epoch));
      await untilEqual(topic.followers);
      expect(topic.followers[0]!.value).toEqual(value);
      await topic.publishAll(40);
      await untilEqual(topic.followers);
      expect(topic.followers[1]!.value).toEqual(topic.newest);
      expect(topic.ledger.epochs.size).toBe(2);
    },
  );

  testWithServer('from a log of all writes: the newest value goes on in a new epoch', async () => {
    const { server, topic } = await start('--appendonly', 'yes', '--appendfsync', 'always');
    await topic.publishAll(20);
    await untilEqual(topic.followers);
    const { epoch } = topic.followers[0]!;
    await server.kill();
    await topic.untilAll('away');
    await server.start();
    await until('a new epoch', () => topic.followers.every((follower) => follower.epoch !== epoch));
    await untilEqual(topic.followers);
    expect(topic.followers[0]!.value).toEqual(topic.newest);
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

describe('X3: a server that an operator empties', () => {
  testWithServer.each<[string, (send: (...args: string[]) => Promise<unknown>) => Promise<unknown>]>([
    ['FLUSHALL', (send) => send('FLUSHALL')],
    ['SCRIPT FLUSH', (send) => send('SCRIPT', 'FLUSH')],
    ['DEL of the topic', (send) => send('DEL', KEYS.record, KEYS.log)],
    ['DEL of the log', (send) => send('DEL', KEYS.log)],
    ['DEL of the lineage', (send) => send('DEL', new Keys('sw').lineage(KEYS.partition))],
  ])('%s while values are published: all are stored, and the topic starts over once at most', async (_, fault) => {
    const { server, topic } = await start();
    await topic.publishDuring(async () => {
      await wait(500);
      await server.admin(fault);
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

  testWithServer('FLUSHALL while nobody publishes: the followers learn that the value is gone', async () => {
    const { server, topic } = await start();
    await topic.publishAll(3);
    await untilEqual(topic.followers);
    await server.admin((send) => send('FLUSHALL'));
    await until('a new epoch', () => topic.followers.every(({ offset, isStale }) => offset === 0 && !isStale));
    await untilEqual(topic.followers);
    const lineages = await server.admin((send) => send('KEYS', 'sw:*:g'));
    expect(lineages).toHaveLength(TAGS.length);
  });
});

describe('X4: a replica that is promoted', () => {
  testWithServer.each([0, 1, 1_000])(
    'without the last %d publications, while nobody publishes: all followers get its value in a new epoch',
    async (lost) => {
      const { server, topic } = await start();
      const replica = await RedisServer.start();
      disposals.push(() => replica.dispose());
      await replica.admin((send) => send('REPLICAOF', '127.0.0.1', String(server.port)));
      await topic.publishAll(10);
      await until('the replication', () =>
        replica.admin(async (send) => (await send('HGET', KEYS.record, 'o')) === '10'),
      );
      await untilEqual(topic.followers);
      const { epoch, value } = topic.followers[0]!;
      await replica.admin((send) => send('REPLICAOF', 'NO', 'ONE'));
      for (let n = 0; n < lost; n++) topic.publish();
      await topic.settled();
      await untilEqual(topic.followers);
      expect(topic.followers[0]!.offset).toBe(10 + lost);

      for (const { proxy } of topic.nodes) proxy.lead(replica.port);
      await server.kill();
      await until('a new epoch', () => topic.followers.every((follower) => follower.epoch !== epoch));
      await untilEqual(topic.followers);
      expect(topic.followers[0]!.value).toEqual(value);

      await topic.publishAll(lost + 20);
      await untilEqual(topic.followers);
      expect(topic.followers[1]!.value).toEqual(topic.newest);
    },
  );

  testWithServer('and a master that is demoted while it lives: its nodes follow the new one', async () => {
    const { server, topic } = await start();
    const replica = await RedisServer.start();
    disposals.push(() => replica.dispose());
    await replica.admin((send) => send('REPLICAOF', '127.0.0.1', String(server.port)));
    await topic.publishAll(10);
    await until('the replication', () =>
      replica.admin(async (send) => (await send('HGET', KEYS.record, 'o')) === '10'),
    );
    await untilEqual(topic.followers);
    const { epoch } = topic.followers[0]!;
    await topic.publishDuring(async () => {
      for (const { proxy } of topic.nodes) proxy.lead(replica.port);
      await replica.admin((send) => send('REPLICAOF', 'NO', 'ONE'));
      await server.admin((send) => send('REPLICAOF', '127.0.0.1', String(replica.port)));
      await until('a new epoch', () => topic.followers.every((follower) => follower.epoch !== epoch));
    });
    await topic.settled();
    await untilEqual(topic.followers);
    expect(topic.followers[1]!.value).toEqual(topic.newest);
    expect(topic.outcomes.every(({ status }) => status === 'fulfilled')).toBe(true);
  });
});
