import { describe, expect, test } from '@jest/globals';
import { Test } from '@nestjs/testing';
import type { AbstractHttpAdapter } from '@nestjs/core';
import { stateTopic } from '@statewire/protocol';
import { firstValueFrom } from 'rxjs';

import { RealtimeBus, RealtimeModule } from '../index.js';
import { takeRequests } from './request-hook.js';

describe('takeRequests', () => {
  test('refuses a platform whose adapter would never call it', () => {
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
