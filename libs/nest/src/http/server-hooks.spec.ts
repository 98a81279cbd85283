import { describe, expect, test } from '@jest/globals';
import { Test } from '@nestjs/testing';
import type { AbstractHttpAdapter } from '@nestjs/core';
import { stateTopic } from '@statewire/protocol';
import { firstValueFrom } from 'rxjs';

import { RealtimeBus, RealtimeModule } from '../index.js';
import { limitHeads, takeRequests, type HeadDeadlines } from './server-hooks.js';

describe('takeRequests', () => {
  test('rejects a platform other than express and fastify', () => {
    const adapter = { getType: () => 'hyper' } as AbstractHttpAdapter;
    expect(() => takeRequests(adapter, () => true)).toThrow('express and fastify, and the application runs on hyper');
  });
});

describe('an application without HTTP', () => {
  test('starts, publishes and listens', async () => {
    const lobby = stateTopic<number>()('lobby');
    const module = await Test.createTestingModule({ imports: [RealtimeModule.forRoot({})] })
      .setLogger(false as never)
      .compile();
    const app = await module.init();
    try {
      const bus = app.get(RealtimeBus);
      await bus.publish(lobby.with(), 1);
      expect(await firstValueFrom(bus.stream(lobby.with()))).toBe(1);
    } finally {
      await app.close();
    }
  });
});

function limited(server: HeadDeadlines, timeout = 9_000): HeadDeadlines {
  limitHeads(server, timeout);
  return server;
}

describe('limitHeads()', () => {
  test.each<[string, HeadDeadlines, HeadDeadlines]>([
    [
      'the defaults of Node',
      { headersTimeout: 60_000, connectionsCheckingInterval: 30_000 },
      { headersTimeout: 9_000, connectionsCheckingInterval: 1_000 },
    ],
    [
      'a server without a timeout',
      { headersTimeout: 0, connectionsCheckingInterval: 30_000 },
      { headersTimeout: 9_000, connectionsCheckingInterval: 1_000 },
    ],
    [
      'a server with a shorter timeout',
      { headersTimeout: 500, connectionsCheckingInterval: 100 },
      { headersTimeout: 500, connectionsCheckingInterval: 100 },
    ],
    ['a version of Node without connectionsCheckingInterval', { headersTimeout: 60_000 }, { headersTimeout: 9_000 }],
    ['a server without headersTimeout', {}, {}],
  ])('adjusts %s', (_, server, expected) => {
    expect(limited(server)).toEqual(expected);
  });

  test('changes nothing with 0', () => {
    expect(limited({ headersTimeout: 60_000 }, 0)).toEqual({ headersTimeout: 60_000 });
  });
});
