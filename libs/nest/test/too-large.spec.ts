import { afterEach, describe, expect, test } from '@jest/globals';
import { action, stateTopic } from '@statewire/protocol';

import { ActionData, OnAction, OnTopic, RealtimeHandlers, type RealtimeModuleOptions } from '../src/index.js';
import { RecordedLog } from './support/recorded-log.js';
import { TestApplication } from './support/test-application.js';
import { CLIENT_ID, post } from './support/transports.js';

const long = stateTopic<number>()(':a/:b/:c/:n');

@RealtimeHandlers()
class Handlers {
  @OnAction(action<string, number>('count'))
  count(@ActionData({ transform: (value: unknown) => value }) text: unknown): number {
    return String(text).length;
  }

  @OnTopic(long)
  long(): number {
    return 1;
  }
}

let arena: TestApplication;
let log: RecordedLog;

afterEach(() => arena.close());

async function start(frames: NonNullable<RealtimeModuleOptions['limits']>['frames'] = {}): Promise<void> {
  log = new RecordedLog();
  arena = await TestApplication.start({
    providers: [Handlers],
    realtime: { limits: { frames } },
    logger: log.logger,
  });
}

const count = (characters: number, id = '1') => ({ type: 'action', id, name: 'count', data: 'x'.repeat(characters) });
const NAMES = Array.from({ length: 128 }, (_, n) => `${'a'.repeat(64)}/${'b'.repeat(64)}/${'c'.repeat(64)}/${n}`);
const lines = (event: string): string[] => log.lines.filter((line) => line.includes(event));

describe('a frame above the limit', () => {
  test('that ws rejects closes with 1009, and the log has its size and the limit', async () => {
    await start();
    const socket = await arena.welcome();
    socket.send(count(70_000));
    expect(await socket.closed()).toBe(1009);
    expect(lines('frame-too-large')).toEqual([
      expect.stringMatching(/^frame-too-large bytes=70051 limit=65536 connection=\S+ Realtime$/),
    ]);
  });

  test('below 16 KiB rejects the action alone, with its id, and the log has its size and the limit', async () => {
    await start({ bytes: 1_000 });
    const socket = await arena.welcome();
    socket.send(count(2_000, 'large'));
    expect(await socket.next('error')).toMatchObject({ id: 'large', code: 'too_large', temporary: false });
    socket.send(count(10, 'small'));
    expect(await socket.next('ack')).toEqual({ type: 'ack', id: 'small', data: 10 });
    expect(lines('frame-too-large')).toEqual([expect.stringContaining('2055 bytes, at most 1000')]);
    socket.send(count(17_000));
    expect(await socket.closed()).toBe(1009);
  });

  test('is no subscription of many topics, on either transport', async () => {
    await start({ bytes: 1_000 });
    const socket = await arena.welcome();
    for (let from = 0; from < 128; from += 32) {
      socket.send({ type: 'subscribe', topics: NAMES.slice(from, from + 32).map((topic) => ({ topic })) });
      for (let n = 0; n < 32; n += 1) expect(await socket.next('snapshot')).toMatchObject({ data: 1 });
    }
    const since = { epoch: 'e'.repeat(32), offset: Number.MAX_SAFE_INTEGER };
    const { status } = await post(arena, '/realtime/poll', {
      clientId: CLIENT_ID,
      topics: NAMES.map((topic) => ({ topic, since })),
    });
    expect(status).toBe(200);
  });
});

describe('a body above the limit', () => {
  test('rejects the action with its error, and the log has its size and the limit', async () => {
    await start();
    const { status, json } = await post(arena, '/realtime/actions', { ...count(70_000), clientId: CLIENT_ID });
    expect({ status, ...json }).toMatchObject({ status: 413, type: 'error', code: 'too_large', temporary: false });
    expect(lines('too_large')).toEqual([
      expect.stringMatching(/^request-rejected reason=too_large .*\d+ bytes, at most 65536/),
    ]);
  });

  test('is answered even if it is far above the limit', async () => {
    await start();
    const statuses = await Promise.all(
      Array.from({ length: 10 }, async (_, n) => {
        const { status } = await fetch(`${arena.origin}/realtime/actions`, {
          method: 'POST',
          headers: { 'Content-Type': 'application/json' },
          body: JSON.stringify({ ...count(n * 2_000_000 + 100_000), clientId: CLIENT_ID }),
        });
        return status;
      }),
    );
    expect(statuses).toEqual(Array(10).fill(413));
  });
});

test('the configuration has the limit', async () => {
  await start({ bytes: 1_000 });
  const response = await fetch(`${arena.origin}/realtime/config`);
  expect(await response.json()).toMatchObject({ frameBytes: 1_000 });
});
