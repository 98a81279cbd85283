import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import * as ws from 'ws';

import { systemEnvironment } from '../core/environment.js';
import { Batch, encodeText } from '../delivery/frame-encoder.js';
import { FlushScheduler } from '../delivery/flush-scheduler.js';
import { Outbox } from '../delivery/outbox.js';
import { requireBoundedPongs, supportsDirectWrites, WsFrameSocket } from './realtime-socket.js';

const { Sender } = ws as unknown as { Sender: new (socket: object) => { sendFrame(list: Buffer[]): void } };

describe('supportsDirectWrites', () => {
  test('the installed ws writes encoded messages unchanged', () => {
    expect(supportsDirectWrites(Sender)).toBe(true);
  });

  test.each([
    ['there is no Sender', undefined],
    ['it has no sendFrame', class {}],
    [
      'sendFrame changes the message',
      class extends Sender {
        override sendFrame(list: Buffer[]): void {
          super.sendFrame([Buffer.concat(list).subarray(1)]);
        }
      },
    ],
  ])('direct writes are off if %s', (_, candidate) => {
    expect(supportsDirectWrites(candidate)).toBe(false);
  });
});

describe.each([
  ['whole batches', true, false],
  ['frame by frame', false, false],
  ['frame by frame because ws has to compress', true, true],
])('WsFrameSocket, %s', (_, direct, compressed) => {
  let server: ws.WebSocketServer;
  let accepted: ws.WebSocket;
  let client: ws.WebSocket;

  beforeEach(async () => {
    server = new ws.WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: compressed });
    await once(server, 'listening');
    client = new ws.WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
    [[accepted]] = (await Promise.all([once(server, 'connection'), once(client, 'open')])) as [[ws.WebSocket], unknown];
  });

  afterEach(async () => {
    client.terminate();
    server.close();
    await once(server, 'close');
  });

  function outbox(overflows: string[] = []): Outbox {
    return new Outbox(
      new WsFrameSocket(accepted, direct),
      {
        softMark: 64 * 1024,
        hardMark: 1024 * 1024,
        stalledTimeout: 300,
        environment: systemEnvironment,
        scheduler: new FlushScheduler(systemEnvironment),
      },
      (reason) => overflows.push(reason),
    );
  }

  test('a real client receives each frame as one message', async () => {
    const to = outbox();
    const frames = ['é', 'x'.repeat(300), 'x'.repeat(70_000)].map(
      (message) => ({ type: 'error', code: 'internal', message, temporary: true }) as const,
    );
    const texts: string[] = [];
    const all = new Promise<void>((resolve) => {
      client.on('message', (data: Buffer) => {
        if (texts.push(data.toString()) === frames.length) resolve();
      });
    });
    for (const frame of frames) to.send(frame);
    await all;
    expect(texts.map((text) => JSON.parse(text) as unknown)).toEqual(frames);
    to.close();
  });

  test('detects a client that stops reading', async () => {
    const overflows: string[] = [];
    const to = outbox(overflows);
    (client as unknown as { _socket: { pause(): void } })._socket.pause();
    // Random data does not compress.
    const large = encodeText(JSON.stringify(randomBytes(150_000).toString('base64')));
    while (overflows.length === 0) {
      to.offer(large, { pull: () => [] });
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(overflows).toEqual(['stalled']);
  });

  test('nothing is written to a socket that is closing', async () => {
    const to = outbox();
    accepted.close();
    to.send({ type: 'ping' });
    to.close();
    const messages: unknown[] = [];
    client.on('message', (data) => messages.push(data));
    await once(client, 'close');
    expect(messages).toEqual([]);
  });
});

describe('WsFrameSocket with a fake ws', () => {
  function fake(bufferedAmount: number) {
    const writes: { readonly bytes: number; readonly written: (() => void) | undefined }[] = [];
    const sendFrame = ([buffer]: readonly Buffer[], written?: () => void): void =>
      void writes.push({ bytes: buffer!.length, written });
    const socket = { readyState: 1, extensions: '', bufferedAmount, send: () => undefined, _sender: { sendFrame } };
    return { socket: new WsFrameSocket(socket, true), writes };
  }
  const batch = Batch.empty().with(encodeText('"x"'));

  test('writes a batch once and without a callback if the operating system accepts it at once', () => {
    const { socket, writes } = fake(0);
    socket.write(batch, () => undefined);
    expect(writes).toEqual([{ bytes: batch.size, written: undefined }]);
  });

  test('learns when bytes that were left over have been accepted', () => {
    const { socket, writes } = fake(5);
    const written = (): void => undefined;
    socket.write(batch, written);
    expect(writes).toEqual([
      { bytes: batch.size, written: undefined },
      { bytes: 0, written },
    ]);
  });
});

describe('requireBoundedPongs', () => {
  test('the installed ws limits its answers to a flood of pings', () => {
    expect(() => requireBoundedPongs(new ws.WebSocketServer({ noServer: true }))).not.toThrow();
  });

  test('a ws before 8.23.0 prevents the start, and the error has the remedy', () => {
    const { options } = new ws.WebSocketServer({ noServer: true });
    const old = Object.fromEntries(Object.entries(options).filter(([name]) => name !== 'maxPendingAutoPongs'));
    expect(() => requireBoundedPongs({ options: old })).toThrow('Run "npm ls ws"');
  });
});
