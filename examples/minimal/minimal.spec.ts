import { afterEach, expect, test } from '@jest/globals';
import type { INestApplication } from '@nestjs/common';
import type { RealtimeClient } from '@statewire/client';
import { Subject, filter, firstValueFrom, ReplaySubject } from 'rxjs';

import { originOf } from '../testing.js';
import { click, connect, watchCounter } from './client.js';
import { startServer } from './server.js';

let server: INestApplication;
const clients: RealtimeClient[] = [];

afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await server.close();
});

function open(): { client: RealtimeClient; lines: Subject<string> } {
  const client = connect(originOf(server));
  const lines = new ReplaySubject<string>();
  clients.push(client);
  watchCounter(client, 'clicks', (line) => lines.next(line));
  return { client, lines };
}

function shown(lines: Subject<string>, text: string): Promise<string> {
  return firstValueFrom(lines.pipe(filter((line) => line === text)));
}

test('a click of one client reaches the other client live', async () => {
  server = await startServer(0);
  const [one, other] = [open(), open()];
  await Promise.all([shown(one.lines, '0 (live)'), shown(other.lines, '0 (live)')]);

  expect(await firstValueFrom(click(one.client, 'clicks'))).toEqual({ count: 1 });
  await Promise.all([shown(one.lines, '1 (live)'), shown(other.lines, '1 (live)')]);
  expect(other.client.status).toMatchObject({ state: 'live', transport: 'websocket' });
});
