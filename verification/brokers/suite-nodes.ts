import { setTimeout as wait } from 'node:timers/promises';

import type { Broker } from '@statewire/nest';
import type { BrokerSetup } from '@statewire/testing-nest';

import type { TestNode } from './test-node.js';

/** The limits of the histories on {@link suiteNodes}. */
export const SUITE_HISTORY = { count: 10, bytes: 3_000, ageMs: 2_000 };

/** The parts of a set-up that depend on the server. */
type ServerParts = Pick<BrokerSetup, 'dispose' | 'rollBack' | 'keysWithoutExpiry'> & {
  readonly leaseTtl: number;
  readonly nodeTimeout: number;
  /** Asks a node for something, so that its answer arrives behind the messages that the server sent before. */
  readonly look: (node: TestNode) => Promise<unknown>;
  /** Everything that the server keeps of a node: leases that it holds, members, running claims, signs of life. */
  readonly leftoversOf: (node: string) => Promise<readonly string[]>;
};

/** The set-up of the broker suite for two nodes on a real server. */
export function suiteNodes(
  nodes: readonly [TestNode, TestNode],
  { look, leftoversOf, dispose, ...parts }: ServerParts,
): BrokerSetup {
  const nodeOf = (broker: Broker): TestNode => nodes.find((node) => node.broker === broker)!;
  return {
    ...parts,
    nodes: [nodes[0].broker, nodes[1].broker],
    get loggedErrors() {
      return nodes.flatMap(({ logged }) => logged.filter(({ event }) => event === 'topic-listener-failed'));
    },
    historyCount: SUITE_HISTORY.count,
    historyBytes: SUITE_HISTORY.bytes,
    historyAge: SUITE_HISTORY.ageMs,
    tick: 20,
    patience: 10,
    separateNodes: true,
    advance: async (duration) => {
      await wait(duration);
    },
    settle: async () => {
      await wait(20);
      for (const node of nodes) await look(node).catch(() => undefined);
    },
    dispose: async () => {
      for (const node of nodes) await node.dispose();
      await dispose();
    },
    crash: (broker) => nodeOf(broker).crash(),
    interrupt: async (broker) => {
      const node = nodeOf(broker);
      node.proxy.cut();
      await node.until('away');
      return async () => {
        node.proxy.mend();
        await node.until('up');
      };
    },
    loseReply: async (broker) => void nodeOf(broker).proxy.loseReply(),
    received: (broker) => nodeOf(broker).received,
    leftovers: async (broker) => {
      const { environment, id, proxy } = nodeOf(broker);
      const left = [...environment.timers].map(() => 'a timer');
      if (proxy.connections > 0) left.push(`${proxy.connections} sockets`);
      return [...left, ...(await leftoversOf(id))];
    },
  };
}
