import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Broker } from '@statewire/nest';
import { VirtualEnvironment } from '@statewire/testing';

import { describeBroker, DistantBroker, type BrokerSetup } from '../src/index.js';
import { onVirtualTime } from './support/broker-on-virtual-time.js';

const HISTORY = { count: 10, bytes: 3_000, ageMs: 60_000 };

/** Two nodes, each in a process of its own, 1 ms away from the server. */
async function createDistantBroker(): Promise<BrokerSetup> {
  const environment = new VirtualEnvironment();
  const loggedErrors: unknown[] = [];
  const log = { error: (_event: string, error: unknown) => void loggedErrors.push(error) };
  const cluster = new DistantBroker({ environment: environment.fork() });
  const nodes = new Map(
    [environment.fork(), environment.fork()].map((process) => {
      const node = cluster.connect({ environment: process, log, history: HISTORY, actionWindowMs: 60_000 });
      return [onVirtualTime(node, environment), { node, process }] as const;
    }),
  );
  const nodeOf = (broker: Broker) => nodes.get(broker)!.node;
  return {
    nodes: [...nodes.keys()] as [Broker, Broker],
    loggedErrors,
    historyCount: HISTORY.count,
    historyBytes: HISTORY.bytes,
    historyAge: HISTORY.ageMs,
    tick: 1,
    separateNodes: true,
    advance: (duration) => environment.advance(duration),
    settle: () => environment.advance(10),
    dispose: () => cluster.dispose(),
    crash: async (broker) => cluster.crash(nodeOf(broker)),
    interrupt: async (broker) => {
      nodeOf(broker).link.unreachable();
      return async () => nodeOf(broker).link.restore();
    },
    loseReply: async (broker) => nodeOf(broker).link.loseReply(),
    rollBack: (topic, offset) => cluster.rollBack(topic, offset),
    received: (broker) => nodeOf(broker).link.received,
    leftovers: async (broker) => {
      const { node, process } = nodes.get(broker)!;
      return [...node.holdings, ...(process.timers > 0 ? [`${process.timers} timers`] : [])];
    },
  };
}

describeBroker(
  'distant memory',
  createDistantBroker,
  { afterEach, beforeEach, describe, expect, test },
  // Nothing in it is a key of a storage.
  { without: ['keysWithoutExpiry'] },
);
