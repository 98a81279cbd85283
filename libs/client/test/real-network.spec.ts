import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';

import { afterEach, describe, expect, test } from '@jest/globals';
import { firstValueFrom, filter } from 'rxjs';
import WebSocket, { WebSocketServer } from 'ws';

import { browserEnvironment, createRealtimeClient, type RealtimeClient } from '../src/index.js';
import { battle, battleAt } from './support/bench.js';

const openWebSocket = (url: string, protocol: string) => new WebSocket(url, protocol);

let server: Server | undefined;
let client: RealtimeClient | undefined;

async function listen(handler: RequestListener): Promise<string> {
  server = createServer(handler);
  await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Answers every poll with one snapshot. */
const polls: RequestListener = (request, response) => {
  const subscribed = { type: 'subscribed', topic: battle.name, kind: 'state', epoch: 'e', offset: 1, recovered: false };
  const snapshot = { type: 'snapshot', topic: battle.name, epoch: 'e', offset: 1, data: battleAt(1) };
  const isPoll = request.url?.startsWith('/realtime/poll');
  const body = isPoll
    ? { frames: [subscribed, snapshot], websocket: true, serverTime: Date.now() }
    : { websocket: true, poll: { interval: 2_000 }, actionWindow: 120_000 };
  response.setHeader('content-type', 'application/json').end(JSON.stringify(body));
};

afterEach(async () => {
  client?.close();
  server?.closeAllConnections();
  await new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined)));
  server = client = undefined;
});

describe('on the real network, with the sockets of ws', () => {
  test('a rejected upgrade causes polling without an unhandled error', async () => {
    const origin = await listen(polls);
    client = createRealtimeClient({ origin, environment: { openWebSocket } });
    await expect(firstValueFrom(client.state(battle))).resolves.toEqual(battleAt(1));
    expect(client.status).toMatchObject({ state: 'polling', reason: { code: 'close-1006' } });
  });

  test('the client can close while its socket is opening', async () => {
    const origin = await listen(polls);
    const upgrade = new Promise<Duplex>((resolve) => server!.once('upgrade', (_, socket) => resolve(socket)));
    client = createRealtimeClient({ origin, environment: { openWebSocket } });
    client.connect();
    const socket = await upgrade;
    const closed = new Promise((resolve) => socket.on('error', () => undefined).once('close', resolve));
    client.close();
    socket.resume().on('end', () => socket.end());
    await closed;
    expect(client.status.state).toBe('closed');
  });

  test('the client offers the subprotocol and sends hello and subscribe in its first turn', async () => {
    const origin = await listen(polls);
    const sockets = new WebSocketServer({ server: server!, path: '/ws' });
    const first = new Promise<{ protocol: string; frames: string[] }>((resolve) => {
      sockets.once('connection', (socket) => {
        const frames: string[] = [];
        socket.on('message', (data) => {
          frames.push((JSON.parse((data as Buffer).toString()) as { type: string }).type);
          if (frames.length === 2) resolve({ protocol: socket.protocol, frames });
        });
      });
    });
    client = createRealtimeClient({ origin, environment: { openWebSocket } });
    client.state(battle).subscribe();
    await expect(first).resolves.toEqual({ protocol: 'statewire.v1.json', frames: ['hello', 'subscribe'] });
    sockets.close();
  });

  test('an unreachable server makes the client offline', async () => {
    const origin = await listen(polls);
    await new Promise((resolve) => server!.close(resolve));
    server = undefined;
    client = createRealtimeClient({ origin, environment: { openWebSocket }, polling: { startAfterMs: 10 } });
    client.connect();
    const offline = await firstValueFrom(client.status$.pipe(filter(({ state }) => state === 'offline')));
    expect(offline).toMatchObject({ state: 'offline', reason: { code: expect.any(String) } });
  });
});

describe('the default environment', () => {
  test('an id has 128 random bits in 22 characters', () => {
    const ids = Array.from({ length: 1_000 }, () => browserEnvironment().id());
    expect(ids.every((id) => /^[A-Za-z0-9_-]{22}$/.test(id))).toBe(true);
    expect(new Set(ids).size).toBe(1_000);
  });

  test('adds no listeners without a page', () => {
    expect(() => browserEnvironment().onWake(() => undefined)()).not.toThrow();
  });
});
