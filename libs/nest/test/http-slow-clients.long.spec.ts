import { once } from 'node:events';
import { connect, type Server, type Socket } from 'node:net';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { stateTopic } from '@statewire/protocol';

import { OnTopic, RealtimeHandlers, TopicParams } from '../src/index.js';
import { TestApplication } from '../src/testing/test-application.js';
import { CLIENT_ID } from './transports.js';

const page = stateTopic<string>()('pages/:number');

@RealtimeHandlers()
class Pages {
  @OnTopic(page)
  load(@TopicParams() { number }: { number: string }): string {
    return number.repeat(200_000);
  }
}

function requestOf(body: string, length = body.length): string {
  const type = 'Content-Type: application/json';
  return `POST /realtime/poll HTTP/1.1\r\nHost: a\r\n${type}\r\nContent-Length: ${length}\r\n\r\n${body}`;
}

describe('A20: a client that', () => {
  let arena: TestApplication;

  beforeEach(async () => {
    arena = await TestApplication.start({ providers: [Pages] });
  });

  afterEach(() => arena.close());

  test('never reads its answers is cut off within 5 s', async () => {
    const topics = Array.from({ length: 5 }, (_, index) => ({ topic: `pages/${index}` }));
    const request = requestOf(JSON.stringify({ clientId: CLIENT_ID, topics }));
    const accepted = once(arena.app.getHttpServer() as Server, 'connection') as Promise<[Socket]>;
    const socket = connect(arena.port, '127.0.0.1');
    socket.on('error', () => undefined);
    const [peer] = await accepted;
    // More than the kernels' buffers on both ends take.
    socket.write(request.repeat(30));
    const began = Date.now();
    await once(peer, 'close');
    socket.destroy();
    expect(Date.now() - began).toBeLessThan(6_500);
  }, 15_000);

  test('sends its body too slowly is refused after 10 s', async () => {
    const socket = connect(arena.port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write(requestOf('{', 1_000));
    const trickle = setInterval(() => socket.write(' '), 500);
    const [answer] = (await once(socket, 'data')) as [Buffer];
    clearInterval(trickle);
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 400 [^]*within 10000 ms/);
    socket.destroy();
  }, 15_000);
});
