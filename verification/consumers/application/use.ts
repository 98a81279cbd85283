import { deepEqual, rejects } from 'node:assert/strict';

import type { INestApplication } from '@nestjs/common';
import { createRealtimeClient, type RealtimeClient } from '@statewire/client';
import { RealtimeSwitch } from '@statewire/nest';
import { filter, firstValueFrom } from 'rxjs';
import { WebSocket } from 'ws';

import { counter, increment } from './contract.js';

const CLICKS = { counterId: 'clicks' };
/** Node 20 has no WebSocket of its own. */
const environment = { openWebSocket: (url: string, protocol: string) => new WebSocket(url, protocol) };

/** Connects to the application, acts, is rejected by a guard and falls back to polling. Then closes the application. */
export async function use(app: INestApplication): Promise<void> {
  await app.listen(0, '127.0.0.1');
  const origin = await app.getUrl();
  const [ada, eve] = ['ada', 'eve'].map((name) => createRealtimeClient({ origin, environment, token: () => name }));
  if (!ada || !eve) throw new Error('There are two clients.');

  await shows(ada, 0);
  deepEqual(await firstValueFrom(ada.act(increment, CLICKS)), { count: 1 });
  await shows(ada, 1);
  await isRejected(eve);
  // @ts-expect-error the contract has another type
  await rejects(firstValueFrom(ada.act(increment, { counterId: 7 })), { code: 'validation_failed' });

  await app.get(RealtimeSwitch).set(false);
  for (const client of [ada, eve])
    await firstValueFrom(client.status$.pipe(filter(({ state }) => state === 'polling')));
  deepEqual(await firstValueFrom(ada.act(increment, CLICKS)), { count: 2 });
  await shows(ada, 2);
  await isRejected(eve);

  ada.close();
  eve.close();
  await app.close();
  process.stdout.write('connects, acts, is guarded and falls back to polling\n');
}

async function shows(client: RealtimeClient, count: number): Promise<void> {
  const state$ = client.topic(counter.with(CLICKS));
  await firstValueFrom(
    state$.pipe(filter(({ value, freshness }) => value?.count === count && freshness.state === 'live')),
  );
}

async function isRejected(client: RealtimeClient): Promise<void> {
  await rejects(firstValueFrom(client.state(counter.with(CLICKS))), { code: 'forbidden' });
  await rejects(firstValueFrom(client.act(increment, CLICKS)), { code: 'forbidden' });
}
