import { it } from '@jest/globals';

import { holdLossyHandshakes } from './support/lossy-handshakes.js';

it('B17: of 300 connections more than 95 % are established at the first try while a proxy resets some, and 99 % within 2 s', async () => {
  await holdLossyHandshakes(300);
}, 30_000);
