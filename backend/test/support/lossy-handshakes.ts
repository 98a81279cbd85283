import { expect } from '@jest/globals';
import { createRealtimeClient } from '@statewire/client';
import { filter, firstValueFrom } from 'rxjs';
import { WebSocket } from 'ws';

import { FaultProxy, type Fate } from './fault-proxy/index.js';
import { MovingServer } from './moving-server.js';

const AT_ONCE = 50;
/** One upgrade of so many is reset, in turn before and after it was accepted. */
const RESET_EVERY = 50;

interface Outcome {
  readonly tries: number;
  /** Milliseconds from `connect()` to `welcome`. */
  readonly took: number;
}

/** So many clients connect through a proxy that resets some of their upgrades. */
export async function holdLossyHandshakes(clients: number): Promise<void> {
  const server = await MovingServer.start({ limits: { connectionsPerAddress: 0, pendingPerAddress: 0 } });
  const proxy = await FaultProxy.start(server.port);
  let resets = 0;
  proxy.fate = (upgrade): Fate => {
    if (upgrade % RESET_EVERY !== 0) return 'pass';
    resets += 1;
    return resets % 2 === 0 ? 'reset' : 'reset-accepted';
  };
  const outcomes: Outcome[] = [];
  while (outcomes.length < clients) {
    outcomes.push(...(await Promise.all(Array.from({ length: AT_ONCE }, () => establish(proxy.origin)))));
  }
  await server.stop();
  await proxy.stop();

  const first = outcomes.filter(({ tries }) => tries === 1).length / clients;
  const soon = outcomes.filter(({ took }) => took <= 2_000).length / clients;
  process.stdout.write(`${resets} resets: ${percent(first)} at the first try, ${percent(soon)} within 2 s\n`);
  expect(resets).toBeGreaterThanOrEqual(clients / RESET_EVERY);
  expect(first).toBeGreaterThan(0.95);
  expect(first).toBeLessThan(1);
  expect(soon).toBeGreaterThanOrEqual(0.99);
}

/** Connects one client, and lets it go when it is welcomed. */
async function establish(origin: string): Promise<Outcome> {
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
  const began = performance.now();
  client.connect();
  await firstValueFrom(client.status$.pipe(filter(({ state }) => state === 'live')));
  const took = performance.now() - began;
  client.close();
  return { tries, took };
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
