import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { VirtualEnvironment } from '@statewire/testing';

import { RecordedLog } from './support/recorded-log.js';
import { TestApplication } from './support/test-application.js';
import { CLIENT_ID, post } from './support/transports.js';

let arena: TestApplication;
let log: RecordedLog;
let clock: VirtualEnvironment;

beforeEach(() => {
  log = new RecordedLog();
  clock = new VirtualEnvironment();
});

afterEach(() => arena.close());

async function start(minContract?: number): Promise<void> {
  const realtime = minContract === undefined ? {} : { minContract };
  arena = await TestApplication.start({ clock, providers: [], realtime, logger: log.logger });
}

async function told(): Promise<unknown[]> {
  const socket = await arena.connect();
  const welcome = await socket.hello();
  const poll = await post(arena, '/realtime/poll', { clientId: CLIENT_ID, topics: [], contract: 1 });
  const config = await fetch(`${arena.origin}/realtime/config`);
  return [welcome, poll.json, await config.json()].map((answer) => (answer as { minContract?: number }).minContract);
}

describe('the oldest contract', () => {
  test('is told in welcome, polls and the configuration', async () => {
    await start(3);
    expect(await told()).toEqual([3, 3, 3]);
  });

  test('is told nowhere by default', async () => {
    await start();
    expect(await told()).toEqual([undefined, undefined, undefined]);
  });

  test('rejects no client: the log counts the outdated ones of both transports', async () => {
    await start(3);
    const clientId = (n: number) => `client-0123456789abcdef-${n}`;
    const open = async (n: number, contract?: number) => {
      const socket = await arena.connect();
      socket.send({ type: 'hello', clientId: clientId(n), ...(contract === undefined ? {} : { contract }) });
      await socket.next('welcome');
    };
    await open(1, 2);
    await open(2);
    await open(3, 3);
    await post(arena, '/realtime/poll', { clientId: clientId(4), topics: [], contract: 1 });
    await post(arena, '/realtime/actions', { clientId: clientId(5), id: '1', name: 'a', contract: 4 });
    await clock.advance(20_000);
    await open(6, 2);
    await clock.advance(41_000);
    await open(7, 1);
    expect(log.lines.filter((line) => line.startsWith('outdated-clients'))).toEqual([
      expect.stringMatching(/^outdated-clients clients=[45] oldest=0 minContract=3/),
    ]);
  });

  test.each([{ contract: 0 }, { contract: 1.5 }, { contract: '1' }])(
    'is compared with integers from 1 only: %j',
    async (body) => {
      await start(3);
      const { status } = await post(arena, '/realtime/poll', { clientId: CLIENT_ID, topics: [], ...body });
      expect(status).toBe(400);
    },
  );
});
