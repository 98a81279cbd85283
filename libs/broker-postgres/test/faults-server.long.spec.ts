import { describe, expect } from '@jest/globals';
import { describeServerFaults, expectAllStored, untilEqual, useServers } from '@statewire/verification/brokers';
import { until } from '@statewire/verification/faults';
import { setTimeout as wait } from 'node:timers/promises';

import { testedPostgres } from './support/tested-postgres.js';

describeServerFaults(testedPostgres);

const { start, testHere } = useServers(testedPostgres);

describe('X2: a server that is stopped', () => {
  testHere('in good order: keeps all values, and no topic starts over', async () => {
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
});

describe('connections that the server ends', () => {
  testHere('again and again, while values are published: nothing is lost, and no topic starts over', async () => {
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
    await expectAllStored(topic);
    expect(topic.ledger.epochs.size).toBe(1);
  });
});

describe('notifications that get lost', () => {
  testHere('are made up for by the next looks', async () => {
    const { topic } = await start();
    await topic.publishAll(3);
    await untilEqual(topic.followers);
    topic.nodes[1].isDeaf = true;
    await topic.publishAll(5);
    const { offset } = topic.followers[0]!;
    await until(() => topic.followers[1]!.offset === offset, 'the values that no notification told');
    await untilEqual(topic.followers);
    expect(topic.followers[1]!.value).toEqual(topic.newest);
    expect(topic.followers[1]!.interruptions).toBe(0);
  });
});
