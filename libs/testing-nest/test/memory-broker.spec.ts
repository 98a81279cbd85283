import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { memoryBroker } from '@statewire/nest';
import { VirtualEnvironment } from '@statewire/testing';

import { describeBroker, type BrokerSetup } from '../src/index.js';

const HISTORY = { count: 10, bytes: 3_000, ageMs: 60_000 };

/** A memory broker has one node. It plays both. */
async function createMemoryBroker(): Promise<BrokerSetup> {
  const environment = new VirtualEnvironment();
  const loggedErrors: unknown[] = [];
  const log = { error: (_event: string, error: unknown) => void loggedErrors.push(error) };
  const broker = memoryBroker()({ environment, log, history: HISTORY });
  return {
    nodes: [broker, broker],
    loggedErrors,
    historyCount: HISTORY.count,
    historyBytes: HISTORY.bytes,
    historyAge: HISTORY.ageMs,
    advance: (duration) => environment.advance(duration),
    settle: () => environment.settle(),
    dispose: () => broker.dispose(),
  };
}

describeBroker('memory', createMemoryBroker, { afterEach, beforeEach, describe, expect, test });
