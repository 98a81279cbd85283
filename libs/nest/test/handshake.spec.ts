import { afterEach, describe, expect, test } from '@jest/globals';

import { TestApplication } from './support/test-application.js';

let arena: TestApplication;

afterEach(() => arena.close());

describe('the handshake with hello', () => {
  test.each(['express', 'fastify'] as const)('ends with a welcome on %s', async (platform) => {
    arena = await TestApplication.start({ platform });
    const socket = await arena.connect();
    expect(await socket.hello()).toEqual({
      type: 'welcome',
      connectionId: expect.stringMatching(/^[A-Za-z0-9_-]{22,64}$/),
      serverTime: expect.any(Number),
      heartbeat: { interval: 30_000, timeout: 10_000 },
      limits: { frameBytes: 65_536, subscriptions: 128, framesPerSecond: 20 },
      actionWindow: 120_000,
    });
  });
});
