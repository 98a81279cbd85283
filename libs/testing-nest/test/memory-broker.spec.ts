import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { memoryBroker } from '@statewire/nest';
import { VirtualEnvironment } from '@statewire/testing';

import { describeBroker, type BrokerCapability, type BrokerSetup } from '../src/index.js';

const HISTORY = { count: 10, bytes: 3_000, ageMs: 60_000 };

/** What needs a second node, or a server at a distance. */
const WITHOUT: readonly BrokerCapability[] = [
  ...(['separateNodes', 'crash', 'interrupt', 'loseReply', 'rollBack', 'received'] as const),
  ...(['keysWithoutExpiry', 'leftovers'] as const),
];

/** A memory broker has one node. It plays both. */
async function createMemoryBroker(): Promise<BrokerSetup> {
  const environment = new VirtualEnvironment();
  const loggedErrors: unknown[] = [];
  const log = { error: (_event: string, error: unknown) => void loggedErrors.push(error) };
  const broker = memoryBroker()({ environment, log, history: HISTORY, actionWindowMs: 60_000 });
  return {
    nodes: [broker, broker],
    loggedErrors,
    historyCount: HISTORY.count,
    historyBytes: HISTORY.bytes,
    historyAge: HISTORY.ageMs,
    tick: 1,
    advance: (duration) => environment.advance(duration),
    settle: () => environment.settle(),
    dispose: () => broker.dispose(),
  };
}

describeBroker('memory', createMemoryBroker, { afterEach, beforeEach, describe, expect, test }, { without: WITHOUT });
