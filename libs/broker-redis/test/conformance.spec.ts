import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { describeBroker } from '@statewire/testing-nest';
import { ownServer, RedisServer, skipReason, withAdmin } from '@statewire/verification/servers';

import { createSetup } from './support/suite-setup.js';

let server: RedisServer | undefined;
let url = ownServer ?? '';

if (skipReason === undefined || ownServer !== undefined) {
  beforeAll(async () => {
    if (ownServer !== undefined) return;
    server = await RedisServer.start();
    ({ url } = server);
  });
  afterAll(async () => {
    await server?.dispose();
  });
  const create = () =>
    createSetup({
      address: url,
      leaseTtlMs: 600,
      removesKeys: ownServer !== undefined,
      onEach: async (work) => [await withAdmin(url, work)],
      onServerOf: (_, work) => withAdmin(url, work),
    });
  describeBroker('redis', create, { afterEach, beforeEach, describe, expect, test });
} else {
  describe('redis broker', () => {
    test.skip(`skipped: ${skipReason}`, () => undefined);
  });
}
