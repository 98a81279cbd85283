import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { TestApplication, type Platform } from '../../src/testing/test-application.js';
import { arenaProviders, authenticate } from '../arena.fixture.js';
import { RawWire, rawFrame } from '../../src/testing/raw-wire.js';
import { LATE_BODIES, LATE_HEADS, playLate } from './late-clients.js';

/** For the machine, which runs other tests as well. */
const SLACK = 1_000;

describe.each<Platform>(['express', 'fastify'])(
  'on %s, with every limit as it is by default, a client that',
  (platform) => {
    let arena: TestApplication;

    beforeAll(async () => {
      arena = await TestApplication.start({ platform, realtime: { authenticate }, providers: arenaProviders });
    });

    afterAll(() => arena.close());

    test.concurrent.each([...LATE_HEADS, ...LATE_BODIES])(
      'A4: $name is cut off within 10 s',
      async (client) => {
        const { took, told } = await playLate(arena.port, client, 250);
        expect(told).toMatch(client.told);
        expect(took).toBeLessThan(10_000 + SLACK);
      },
      20_000,
    );

    test.concurrent.each([
      ['nothing', Buffer.alloc(0)],
      ['half a frame', rawFrame({ announced: 60_000, payload: '{' })],
    ])(
      'A5: sends %s after the upgrade is closed with 4001 after 5 s',
      async (_, bytes) => {
        const wire = await RawWire.upgraded(arena.port);
        const began = performance.now();
        wire.write(bytes);
        expect(await wire.closeCode()).toBe(4001);
        const took = performance.now() - began;
        expect(took).toBeGreaterThan(4_000);
        expect(took).toBeLessThan(5_000 + SLACK);
      },
      20_000,
    );
  },
);
