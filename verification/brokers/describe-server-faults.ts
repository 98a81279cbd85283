import { setTimeout as wait } from 'node:timers/promises';

import { describe, expect } from '@jest/globals';

import { until } from '../faults/support/until.js';
import { expectAllStored } from './expect-all-stored.js';
import type { TestedBroker, TestServer } from './tested-broker.js';
import { untilEqual } from './until-equal.js';
import { useServers } from './use-servers.js';

/** Defines the tests of what happens to the one server of two nodes: X1 to X4. */
export function describeServerFaults<Server extends TestServer>(tested: TestedBroker<Server>): void {
  const { keep, start, testHere } = useServers(tested);

  describe('X1: a server that freezes', () => {
    testHere('for 2 s loses nothing, and no topic starts over', async () => {
      const { server, topic } = await start();
      await topic.publishAll(3);
      await untilEqual(topic.followers);
      await topic.publishDuring(async () => {
        server.freeze();
        await wait(2_000);
        server.thaw();
      });
      await expectAllStored(topic);
      expect(topic.ledger.epochs.size).toBe(1);
    });

    testHere.each([10, 60])(
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
        await expectAllStored(topic);
        expect(topic.ledger.epochs.size).toBe(1);
      },
    );
  });

  describe('X2: a server that is killed and starts again', () => {
    testHere('empty: every topic starts over, and a follower shows no value that is gone', async () => {
      const { server, topic } = await start();
      await topic.publishAll(20);
      await untilEqual(topic.followers);
      const { epoch } = topic.followers[0]!;
      await server.kill();
      await topic.untilAll('away');
      await server.start();
      await topic.untilNewEpoch(epoch);
      expect(topic.followers[0]).toMatchObject({ offset: 0, value: undefined });
      await topic.publishAll(20);
      await untilEqual(topic.followers);
      expect(topic.followers[1]!.value).toEqual(topic.newest);
    });

    testHere('while values are published: each is stored or superseded, and the newest one wins', async () => {
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
      await expectAllStored(topic);
    });
  });

  describe('X3: a server that an operator empties', () => {
    testHere.each(tested.wipes)(
      'of %s, while values are published: all are stored, and the topic starts over once at most',
      async (_, wipe) => {
        const { server, topic } = await start();
        await topic.publishDuring(async () => {
          await wait(500);
          await wipe(server);
          await wait(1_500);
        });
        topic.publish();
        await expectAllStored(topic);
        expect(topic.ledger.epochs.size).toBeLessThanOrEqual(2);
        for (const { logged } of topic.nodes) expect(logged).toEqual([]);
      },
    );

    testHere('without further publications: the followers learn that the value is gone', async () => {
      const { server, topic } = await start();
      await topic.publishAll(3);
      await untilEqual(topic.followers);
      const [[, wipeAll] = []] = tested.wipes;
      await wipeAll!(server);
      await until(() => topic.followers.every(({ offset, isStale }) => offset === 0 && !isStale), 'a new epoch');
      await untilEqual(topic.followers);
      expect(topic.followers[0]!.value).toBeUndefined();
    });
  });

  describe('X4: a replica that is promoted', () => {
    const outcome = tested.replicaHasValues ? 'all followers get its value in a new epoch' : 'all topics start over';

    testHere.each([0, 1, 1_000])(
      `without the last %d publications, and without further ones: ${outcome}`,
      async (lost) => {
        const { server, topic } = await start();
        const replica = await tested.startReplica(server);
        keep(replica.server);
        await topic.publishAll(10);
        await untilEqual(topic.followers);
        const { epoch, value } = topic.followers[0]!;
        await replica.detach();
        await topic.publishAll(lost);
        await untilEqual(topic.followers);
        expect(topic.followers[0]!.offset).toBe(10 + lost);

        for (const { proxy } of topic.nodes) proxy.lead(replica.server.port);
        await server.kill();
        await replica.promote();
        await topic.untilNewEpoch(epoch);
        expect(topic.followers[0]!.value).toEqual(tested.replicaHasValues ? value : undefined);

        await topic.publishAll(lost + 20);
        await untilEqual(topic.followers);
        expect(topic.followers[1]!.value).toEqual(topic.newest);
      },
    );
  });
}
