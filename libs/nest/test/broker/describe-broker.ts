import { afterEach, beforeEach, describe } from '@jest/globals';

import type { BrokerSetup, Cluster } from './cluster.js';
import { describeClaims } from './describe-claims.js';
import { describeCoordination } from './describe-coordination.js';
import { describeHistory } from './describe-history.js';
import { describeListening } from './describe-listening.js';
import { describePositions } from './describe-positions.js';

/** What every broker does. Brokers in other packages run it too. */
export function describeBroker(name: string, create: () => Promise<BrokerSetup>): void {
  describe(`${name} broker`, () => {
    const cluster = {} as Cluster;

    beforeEach(async () => {
      const setup = await create();
      const [here, there] = setup.nodes;
      Object.assign(cluster, { setup, here, there });
    });

    afterEach(() => cluster.setup.dispose());

    describePositions(cluster);
    describeHistory(cluster);
    describeListening(cluster);
    describeClaims(cluster);
    describeCoordination(cluster);
  });
}
