import type { BrokerSetup, Cluster } from './cluster.js';
import { describeClaims } from './describe-claims.js';
import { describeCoordination } from './describe-coordination.js';
import { describeHistory } from './describe-history.js';
import { describeListening } from './describe-listening.js';
import { describePositions } from './describe-positions.js';
import type { TestRunner } from './test-runner.js';

/**
 * Defines the tests that every broker has to pass.
 *
 * @param create starts two nodes of a new, empty cluster. The suite calls it before each test, and `dispose` after it.
 * @example
 * import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
 * describeBroker('redis', startCluster, { afterEach, beforeEach, describe, expect, test });
 */
export function describeBroker(name: string, create: () => Promise<BrokerSetup>, runner: TestRunner): void {
  runner.describe(`${name} broker`, () => {
    const cluster = {} as Cluster;

    runner.beforeEach(async () => {
      const setup = await create();
      const [here, there] = setup.nodes;
      Object.assign(cluster, { setup, here, there });
    });

    runner.afterEach(() => cluster.setup.dispose());

    describePositions(runner, cluster);
    describeHistory(runner, cluster);
    describeListening(runner, cluster);
    describeClaims(runner, cluster);
    describeCoordination(runner, cluster);
  });
}
