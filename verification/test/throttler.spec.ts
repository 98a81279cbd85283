import { join } from 'node:path';

import { expect, test } from '@jest/globals';

import { runChild } from '../support/run-child.js';

const SCRIPT = join(import.meta.dirname, 'throttler/application.mjs');

test('the guard of @nestjs/throttler counts and limits topics and actions on both platforms and transports', async () => {
  const limited = {
    limit: '5',
    value: { id: '7' },
    answers: [...Array<string>(5).fill('entered'), 'too_many_requests'],
    unlimited: 'quiet',
    lines: [],
  };
  expect(await runChild(SCRIPT)).toEqual([
    { platform: 'express', webSocket: true, ...limited },
    { platform: 'express', webSocket: false, ...limited },
    { platform: 'fastify', webSocket: true, ...limited },
    { platform: 'fastify', webSocket: false, ...limited },
  ]);
});
