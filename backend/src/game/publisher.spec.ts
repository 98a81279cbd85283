import { describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { lobby, type Lobby } from '@statewire/arena';
import type { RealtimeBus } from '@statewire/nest';

import { grantedLeases } from '../testing/recording-bus.js';
import { Publisher } from './publisher.js';

const EMPTY: Lobby = { battles: [], runs: [] };

describe('Publisher', () => {
  it('continues after an error of the bus', async () => {
    Logger.overrideLogger(false);
    const failing = () => Promise.reject(new Error('the broker of this test is away'));
    const bus = { publish: failing, close: failing } as unknown as RealtimeBus;
    const publisher = new Publisher(bus, grantedLeases(bus));

    await expect(publisher.publish(lobby.with(), EMPTY)).resolves.toBe(false);
    await expect(publisher.close(lobby.with())).resolves.toBeUndefined();
  });
});
