import { afterEach, expect, test } from '@jest/globals';
import type { INestApplication } from '@nestjs/common';
import type { RealtimeClient } from '@statewire/client';
import { filter, firstValueFrom } from 'rxjs';

import { originOf } from '../testing.js';
import { connect, enter, watchPeople } from './client.js';
import { startServer } from './server.js';

let server: INestApplication;
const clients: RealtimeClient[] = [];

afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await server.close();
});

function open(name?: string): RealtimeClient {
  const client = connect(originOf(server), name);
  clients.push(client);
  return client;
}

test('each client sees the members of the room and those who left', async () => {
  server = await startServer(0);
  const [ann, bob, guest] = [open('Ann'), open('Bob'), open()];
  const seen = (text: string): Promise<string> =>
    firstValueFrom(watchPeople(guest, 'lobby').pipe(filter((line) => line === text)));

  enter(ann, 'lobby');
  const leave = enter(bob, 'lobby');
  enter(guest, 'lobby');
  expect(await seen('Ann, Bob and 1 guest')).toBeDefined();

  leave();
  expect(await seen('Ann and 1 guest')).toBeDefined();
});
