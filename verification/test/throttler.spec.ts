import { join } from 'node:path';

import { expect, test } from '@jest/globals';

import { runChild } from '../support/run-child.js';

const SCRIPT = join(import.meta.dirname, 'throttler/application.mjs');

test('the guard of @nestjs/throttler counts and limits topics and actions on both transports', async () => {
  const limited = {
    limit: '5',
    value: { id: '7' },
    answers: [...Array<string>(5).fill('entered'), 'too_many_requests'],
    unlimited: 'quiet',
    lines: [],
  };
  expect(await runChild(SCRIPT)).toEqual([
    { webSocket: true, ...limited },
    { webSocket: false, ...limited },
  ]);
});
