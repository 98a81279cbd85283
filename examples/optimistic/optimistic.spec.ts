import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { INestApplication } from '@nestjs/common';
import type { RealtimeClient } from '@statewire/client';
import { filter, firstValueFrom, lastValueFrom, ReplaySubject } from 'rxjs';

import { originOf } from '../testing.js';
import { add, connect, watchTodos } from './client.js';
import { startServer } from './server.js';

let server: INestApplication;
let client: RealtimeClient;
let lines: string[];
let shown: ReplaySubject<string>;

beforeEach(async () => {
  server = await startServer(0);
  client = connect(originOf(server));
  lines = [];
  shown = new ReplaySubject<string>();
  watchTodos(client, 'home').subscribe((line) => {
    lines.push(line);
    shown.next(line);
  });
  await firstValueFrom(shown);
});

afterEach(async () => {
  client.close();
  await server.close();
});

test('a todo shows before the server has it, and stays', async () => {
  await lastValueFrom(add(client, 'home', 'buy milk'), { defaultValue: undefined });
  await firstValueFrom(shown.pipe(filter((line) => line === 'buy milk')));
  expect(lines).toEqual(['', 'buy milk (1 unsaved)', 'buy milk']);
});

test('a todo that the server rejects disappears, with the reason', async () => {
  const rejected = lastValueFrom(add(client, 'home', ' '));
  await expect(rejected).rejects.toMatchObject({ code: 'action_failed', message: 'A todo needs a text.' });
  expect(lines).toEqual(['', '  (1 unsaved)', '']);
});
