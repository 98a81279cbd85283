import { expect, it } from '@jest/globals';
import { createRealtimeClient } from '@statewire/client';
import { filter, firstValueFrom } from 'rxjs';
import { WebSocket } from 'ws';

import { FaultProxy, type UpgradeFault } from './support/fault-proxy/index.js';
import { MovingServer } from './support/moving-server.js';

const SIZES = process.env.STATEWIRE_TEST_TIER === 'full' ? [150, 1_000] : [150];
const AT_ONCE = 25;
/** One upgrade in this number is reset, alternately before and after the 101. */
const RESET_EVERY = 50;

it.each(SIZES)(
  'B17: over 95 %% of %d connections succeed at the first try while a proxy resets some, and each reset causes one more try',
  async (clients) => {
    const server = await MovingServer.start({ limits: { connections: { perAddress: 0, pendingPerAddress: 0 } } });
    const proxy = await FaultProxy.start(server.port);
    let resets = 0;
    proxy.upgrades((upgrade): UpgradeFault => {
      if (upgrade % RESET_EVERY !== 0) return 'pass';
      resets += 1;
      return resets % 2 === 0 ? 'cut' : 'cut-accepted';
    });
    const tries: number[] = [];
    while (tries.length < clients) {
      tries.push(...(await Promise.all(Array.from({ length: AT_ONCE }, () => establish(proxy.origin)))));
    }
    await server.stop();
    await proxy.stop();

    expect(resets).toBeGreaterThanOrEqual(clients / RESET_EVERY);
    expect(tries.reduce((sum, each) => sum + each, 0)).toBe(clients + resets);
    expect(tries.filter((each) => each === 1).length / clients).toBeGreaterThan(0.95);
  },
);

/** Connects one client, and lets it go when it is welcomed. @returns how often it tried. */
async function establish(origin: string): Promise<number> {
  let tries = 0;
  const client = createRealtimeClient({
    origin,
    environment: {
      openWebSocket(url, protocol) {
        tries += 1;
        return new WebSocket(url, protocol);
      },
    },
  });
  client.connect();
  await firstValueFrom(client.status$.pipe(filter(({ state }) => state === 'live')));
  client.close();
  return tries;
}
