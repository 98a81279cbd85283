import type { BrokerSetup, BrokerSuiteOptions } from './broker-setup.js';
import { describeClaims } from './describe-claims.js';
import { describeConditions } from './describe-conditions.js';
import { describeDeltas } from './describe-deltas.js';
import { describeHistory } from './describe-history.js';
import { describeLeases } from './describe-leases.js';
import { describeListening } from './describe-listening.js';
import { describeNames } from './describe-names.js';
import { describeNodes } from './describe-nodes.js';
import { describeOutages } from './describe-outages.js';
import { describePositions } from './describe-positions.js';
import { createSuite } from './suite.js';
import type { TestRunner } from './test-runner.js';

/**
 * Defines the tests that every broker has to pass.
 *
 * @param create starts two nodes of a new, empty cluster. The suite calls it before each test, and `dispose` after it.
 * @example
 * import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
 * describeBroker('redis', startCluster, { afterEach, beforeEach, describe, expect, test });
 */
export function describeBroker(
  name: string,
  create: () => Promise<BrokerSetup>,
  runner: TestRunner,
  { without = [] }: BrokerSuiteOptions = {},
): void {
  const lacks = without.length === 0 ? '' : `, not tested: ${without.join(', ')}`;
  runner.describe(`${name} broker${lacks}`, () => {
    const suite = createSuite(runner, without);

    runner.beforeEach(async () => {
      const setup = await create();
      const [here, there] = setup.nodes;
      Object.assign(suite.cluster, { setup, here, there });
    });

    runner.afterEach(() => suite.cluster.setup.dispose());

    describePositions(suite);
    describeConditions(suite);
    describeDeltas(suite);
    describeHistory(suite);
    describeListening(suite);
    describeClaims(suite);
    describeLeases(suite);
    describeNodes(suite);
    describeNames(suite);
    describeOutages(suite);
  });
}
