import { once } from 'node:events';
import type { Server } from 'node:http';
import { connect, type Socket } from 'node:net';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { stateTopic } from '@statewire/protocol';

import { OnTopic, RealtimeHandlers, TopicParams } from '../../src/index.js';
import { head } from '../support/raw-wire.js';
import { TestApplication, type Platform } from '../support/test-application.js';
import { CLIENT_ID } from '../support/transports.js';
import { LATE_HEADS, playLateHead } from '../support/late-clients.js';

const HEADERS_TIMEOUT = 10_000;
const RESPONSE_TIMEOUT = 5_000;
/** The allowance factor for a busy machine. */
const ALLOWANCE = 10;

@RealtimeHandlers()
class Pages {
  @OnTopic(stateTopic<string>()('pages/:number'))
  load(@TopicParams() { number }: { number: string }): string {
    return number.repeat(200_000);
  }
}

describe.each<Platform>(['express', 'fastify'])('with the default limits on %s', (platform) => {
  let arena: TestApplication;

  beforeAll(async () => {
    arena = await TestApplication.start({ platform, providers: [Pages] });
  });

  afterAll(() => arena.close());

  test.concurrent.each(LATE_HEADS)('A4: the server disconnects a client that $name within 10 s', async (client) => {
    const { took, told } = await playLateHead(arena.port, client);
    expect(told).toMatch(/^HTTP\/1\.1 408 /);
    expect(took).toBeLessThan(ALLOWANCE * HEADERS_TIMEOUT);
  });

  test.concurrent('A20: the server disconnects a client that never reads its answers within 5 s', async () => {
    const topics = Array.from({ length: 5 }, (_, index) => ({ topic: `pages/${index}` }));
    const body = JSON.stringify({ clientId: CLIENT_ID, topics });
    const type = 'Content-Type: application/json';
    const request = head(['POST /realtime/poll HTTP/1.1', 'Host: a', type, `Content-Length: ${body.length}`]) + body;
    const socket = connect(arena.port, '127.0.0.1').on('error', () => undefined);
    const server = arena.app.getHttpServer() as Server;
    const peer = await new Promise<Socket>((resolve) => {
      server.on('connection', (each: Socket) => each.remotePort === socket.localPort && resolve(each));
    });
    // More than the buffers of both kernels hold.
    socket.write(request.repeat(30));
    const began = performance.now();
    await once(peer, 'close');
    socket.destroy();
    expect(performance.now() - began).toBeLessThan(ALLOWANCE * RESPONSE_TIMEOUT);
  });
});
