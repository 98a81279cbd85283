import { describe, expect } from '@jest/globals';

import { until } from '../faults/support/until.js';
import { SHORT, TOPIC, valueAt } from './followed-topic.js';
import { Follower, Ledger, Writer } from './follower.js';
import type { TestNode } from './test-node.js';
import type { TestedBroker, TestServer } from './tested-broker.js';
import { untilEqual } from './until-equal.js';
import { useServers } from './use-servers.js';

/** Defines the tests of nodes with different versions of the broker: X16. */
export function describeVersions<Server extends TestServer>(tested: TestedBroker<Server>): void {
  const { keep, testHere } = useServers(tested);

  /** Nodes with different limits of the history. They send the server different commands, as those of different versions do. */
  async function start() {
    const server = keep(await tested.startServer());
    const nodes: TestNode[] = [];
    for (const count of [50, 60]) {
      const history = { count, bytes: 2 ** 20, ageMs: 60_000 };
      nodes.push(keep(await tested.startNode(server.url, SHORT, { history })));
    }
    const ledger = new Ledger();
    const followers = await Promise.all(nodes.map(({ broker }) => Follower.start(broker, TOPIC, ledger)));
    const writers = nodes.map(({ broker }, n) => new Writer(broker, TOPIC, ledger, `w${n}`));
    /** Publishes a value from each node in turn. */
    const publish = async (from: number, to: number): Promise<void> => {
      for (let n = from; n <= to; n++) await writers[n % writers.length]!.publish(valueAt(n));
    };
    return { server, nodes, followers, publish };
  }

  describe('X16: nodes of two versions', () => {
    testHere('publish to one topic with commands of their own, also after the server was wiped', async () => {
      const { server, nodes, followers, publish } = await start();
      await publish(1, 10);
      await untilEqual(followers);
      for (const [, wipe] of tested.wipes) {
        await wipe(server);
        await publish(11, 20);
        await untilEqual(followers);
        expect(followers[0]!.value).toEqual(valueAt(20));
      }
      expect(nodes.flatMap(({ logged }) => logged)).toEqual([]);
    });

    testHere('ignore messages that they do not know', async () => {
      const { server, nodes, followers, publish } = await start();
      await publish(1, 1);
      await untilEqual(followers);
      await tested.tell(server, { topic: TOPIC }, 'X what a later version says\nbody');
      const answer = '{"type":"answer","id":"unknown","body":1,"later":true}';
      for (const { id } of nodes) {
        for (const message of ['{"type":"later"}', 'later', answer]) await tested.tell(server, { node: id }, message);
      }
      await publish(2, 3);
      await untilEqual(followers);
      expect(followers[1]!.value).toEqual(valueAt(3));
      expect(nodes.flatMap(({ logged }) => logged)).toEqual([]);
    });

    testHere('wait on for the answer of an action when a later version says something else about it', async () => {
      const { server, nodes } = await start();
      const [first, second] = nodes as [TestNode, TestNode];
      await first.broker.claim('key', 'f');
      const claim = await second.broker.claim('key', 'f');
      if (claim.outcome !== 'running') throw new Error(claim.outcome);
      await until(() => second.broker.sizes.claims === 1, 'the waiting caller');
      await tested.tell(server, { claim: 'key' }, 'later\nbody');
      await first.broker.settle('key', 'answer', 60_000);
      expect(await claim.answer).toBe('answer');
    });
  });
}
