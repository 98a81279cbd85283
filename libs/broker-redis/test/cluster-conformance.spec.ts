import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { describeBroker } from '@statewire/testing-nest';
import { RedisCluster, skipReason } from '@statewire/verification/servers';

import { createSetup } from './support/suite-setup.js';

let cluster: RedisCluster;

if (skipReason === undefined) {
  beforeAll(async () => {
    cluster = await RedisCluster.start();
  }, 120_000);
  afterAll(async () => {
    await cluster?.dispose();
  });
  const create = () =>
    createSetup({
      address: cluster,
      leaseTtlMs: 1_200,
      removesKeys: false,
      onEach: (work) => cluster.onMasters(work),
      onServerOf: (key, work) => cluster.onMasterOf(key, work),
    });
  describeBroker('redis cluster', create, { afterEach, beforeEach, describe, expect, test });
} else {
  describe('redis cluster', () => {
    test.skip(`skipped: ${skipReason}`, () => undefined);
  });
}
