import { describe, expect, test } from '@jest/globals';
import { topicLease } from '@statewire/nest';

import { until } from '../faults/support/until.js';
import { Network, networkSkipReason, type Link } from '../servers/network.js';
import { expectAllStored } from './expect-all-stored.js';
import { FollowedTopic, SHORT, TOPIC, valueAt } from './followed-topic.js';
import { Writer } from './follower.js';
import type { TestedBroker, TestServer } from './tested-broker.js';
import { untilEqual } from './until-equal.js';
import { disposeAfterEach } from './use-servers.js';

/** Defines the tests of machines between which all packets vanish: X5. */
export function describePartitions<Server extends TestServer>(tested: TestedBroker<Server>): void {
  const keep = disposeAfterEach();
  const reason = tested.skipReason ?? networkSkipReason();
  const testHere = reason === undefined ? test : test.skip;
  const skipped = reason === undefined ? '' : ` (skipped: ${reason})`;

  /** A server on a machine of its own, and two nodes that follow a topic, each over a link of its own. */
  async function start() {
    const network = keep(new Network());
    const machine = network.machine();
    const links = [network.link(machine), network.link(machine)] as const;
    const server = keep(await tested.startServer({ machine, host: links[0].near }));
    const addresses = links.map(({ near }) => server.url.replace(server.host, near));
    const topic = keep(await FollowedTopic.start(() => tested.startNode(addresses.shift()!, SHORT)));
    await topic.publishAll(10);
    await untilEqual(topic.followers);
    return { network, machine, server, topic, link: links[1] };
  }

  describe(`X5: a link that loses all packets, and resets no connection${skipped}`, () => {
    testHere('cuts off one node, and the others go on: it shows the newest value when the link is back', async () => {
      const { topic, link } = await start();
      const [near, far] = topic.nodes;
      await topic.publishDuring(async () => {
        link.cut();
        await far.until('away');
        expect(topic.followers[1]).toMatchObject({ isStale: true, value: expect.anything() });
        const { offset } = topic.followers[0]!;
        await until(() => topic.followers[0]!.offset > offset, 'further values for the other node');
        link.mend();
        await far.until('up');
      });
      await expectAllStored(topic);
      expect(topic.ledger.epochs.size).toBe(1);
      expect(topic.followers[0]!.interruptions).toBe(0);
      expect(near.logged).toEqual([]);
    });

    testHere('takes the lease from the node behind it, and refuses what that node publishes later', async () => {
      const { topic, link } = await start();
      const [near, far] = topic.nodes;
      const lease = (await far.broker.lease(topicLease(TOPIC)))!;
      const late = new Writer(far.broker, TOPIC, topic.ledger, 'late');
      await late.publish(valueAt(100), lease.token);

      link.cut();
      await far.until('away');
      const taken = (await near.broker.lease(topicLease(TOPIC), { signal: new AbortController().signal }))!;
      expect(taken.token).toBeGreaterThan(lease.token);
      await lease.lost;
      const writer = new Writer(near.broker, TOPIC, topic.ledger, 'new');
      for (let n = 0; n < 10; n++) await writer.publish(valueAt(200 + n), taken.token);

      const refused = expect(late.publish(valueAt(101), lease.token)).rejects.toMatchObject({ code: 'fenced' });
      link.mend();
      await far.until('up');
      await refused;
      await untilEqual(topic.followers);
      expect(topic.followers[1]!.value).toEqual(valueAt(209));
    });
  });

  describe(`X5: a server that lives on, cut off with one node${skipped}`, () => {
    testHere('has other epochs than its replica, and all follow the replica when they meet again', async () => {
      const { network, machine, server, topic, link } = await start();
      const other = network.machine();
      const forReplica: Link = network.link(machine, other);
      const toReplica = network.link(other);
      const replica = await tested.startReplica(server, {
        machine: other,
        host: toReplica.near,
        otherHost: forReplica.near,
      });
      keep(replica.server);
      const [first, second] = topic.nodes;
      const [here, there] = topic.followers as [(typeof topic.followers)[0], (typeof topic.followers)[0]];
      const { epoch } = here;
      await replica.detach();

      link.cut();
      forReplica.cut();
      await second.until('away');
      await replica.promote();
      second.proxy.lead(replica.server.port, replica.server.host);
      second.proxy.reset();
      await second.until('up');
      const writer = new Writer(second.broker, TOPIC, topic.ledger, 'there');
      for (let n = 0; n < 20; n++) {
        await Promise.all([topic.writer.publish(valueAt(100 + n)), writer.publish(valueAt(200 + n))]);
      }
      await until(() => here.offset === 30 && there.offset >= 20 && !there.isStale, 'both sides to go on alone');
      expect(here.epoch).toBe(epoch);
      expect(there.epoch).not.toBe(epoch);

      link.mend();
      forReplica.mend();
      first.proxy.lead(replica.server.port, replica.server.host);
      await replica.demoteOther(forReplica.far);
      await until(() => here.epoch === there.epoch, 'the first node on the other server');
      await untilEqual(topic.followers);
      expect(here.value).toEqual(valueAt(219));
      await topic.writer.publish(valueAt(300));
      await untilEqual(topic.followers);
      expect(there.value).toEqual(valueAt(300));
    });
  });
}
