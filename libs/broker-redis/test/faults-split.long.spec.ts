import { afterEach, describe, expect, test } from '@jest/globals';

import { Network, networkSkipReason, RedisServer, skipReason } from '@statewire/verification/servers';
import { Keys } from '../src/keys.js';
import { SHORT, TOPIC, valueAt } from './support/followed-topic.js';
import { Follower, Ledger, Writer } from './support/follower.js';
import { startNode } from './support/test-node.js';
import { until, untilEqual } from './support/until.js';

const reason = skipReason ?? networkSkipReason();
const testWithMachines = reason === undefined ? test : test.skip;
const KEYS = new Keys('sw').topic(TOPIC);

const disposals: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const dispose of disposals.splice(0).reverse()) await dispose();
});

describe(`X5: a master that lives on, cut off with one node${reason === undefined ? '' : ` (skipped: ${reason})`}`, () => {
  testWithMachines(
    'the two sides have different epochs, and all follow the new master when they meet again',
    async () => {
      const network = new Network();
      disposals.push(async () => network.dispose());
      const [machine, other] = [network.machine(), network.machine()];
      const [forFirst, forSecond, forReplica] = [
        network.link(machine),
        network.link(machine),
        network.link(machine, other),
      ];
      const toReplica = network.link(other);
      const master = await RedisServer.startOn(machine, forFirst.near);
      disposals.push(() => master.dispose());
      const replica = await RedisServer.startOn(
        other,
        toReplica.near,
        '--replicaof',
        forReplica.near,
        String(master.port),
      );
      disposals.push(() => replica.dispose());

      const first = await startNode(new URL(master.url), SHORT);
      disposals.push(() => first.dispose());
      const second = await startNode(new URL(`redis://${forSecond.near}:${master.port}`), SHORT);
      disposals.push(() => second.dispose());
      const ledger = new Ledger();
      const followers = await Promise.all([first, second].map(({ broker }) => Follower.start(broker, TOPIC, ledger)));
      const [here, there] = followers as [Follower, Follower];
      const writers = [
        new Writer(first.broker, TOPIC, ledger, 'a'),
        new Writer(second.broker, TOPIC, ledger, 'b'),
      ] as const;
      for (let n = 1; n <= 10; n++) await writers[0].publish(valueAt(n));
      await until('the replication', () =>
        replica.admin(async (send) => (await send('HGET', KEYS.record, 'o')) === '10'),
      );
      await untilEqual(followers);
      const { epoch } = here;

      forSecond.cut();
      forReplica.cut();
      await second.until('away');
      await replica.admin((send) => send('REPLICAOF', 'NO', 'ONE'));
      second.proxy.lead(replica.port, replica.host);
      second.proxy.reset();
      await second.until('up');
      for (let n = 0; n < 20; n++)
        await Promise.all([writers[0].publish(valueAt(100 + n)), writers[1].publish(valueAt(200 + n))]);
      await until('both sides to go on alone', () => here.offset === 30 && there.offset >= 20 && !there.isStale);
      expect(here.epoch).toBe(epoch);
      expect(there.epoch).not.toBe(epoch);

      forSecond.mend();
      forReplica.mend();
      first.proxy.lead(replica.port, replica.host);
      await master.admin((send) => send('REPLICAOF', forReplica.far, String(replica.port)));
      await until('the first node on the new master', () => here.epoch === there.epoch);
      await untilEqual(followers);
      expect(here.value).toEqual(valueAt(219));
      await writers[0].publish(valueAt(300));
      await untilEqual(followers);
      expect(there.value).toEqual(valueAt(300));
      await until('the old master to follow', () =>
        master.admin(async (send) => (await send('HGET', KEYS.record, 'o')) === String(there.offset)),
      );
    },
  );
});
