import { describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { lobby, type Lobby } from '@statewire/arena';
import type { RealtimeBus } from '@statewire/nest';

import { Publisher } from './publisher.js';

const EMPTY: Lobby = { battles: [], runs: [] };

describe('Publisher', () => {
  it('continues after an error of the bus', async () => {
    Logger.overrideLogger(false);
    const failing = () => Promise.reject(new Error('the broker of this test is away'));
    const publisher = new Publisher({ publish: failing, close: failing } as unknown as RealtimeBus);

    await expect(publisher.publish(lobby.with(), EMPTY)).resolves.toBeUndefined();
    await expect(publisher.close(lobby.with())).resolves.toBeUndefined();
  });
});
