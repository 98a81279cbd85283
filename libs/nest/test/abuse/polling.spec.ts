import type { Server } from 'node:http';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { VirtualEnvironment } from '@statewire/testing';
import { stateTopic } from '@statewire/protocol';

import { OnTopic, RealtimeHandlers, TopicParams } from '../../src/index.js';
import { untilTrue } from '../support/event-loop-turn.js';
import { ServerSockets } from '../support/server-sockets.js';
import { TestApplication, type Platform } from '../support/test-application.js';
import { exchangeRaw, head, RawWire } from '../support/raw-wire.js';
import { CLIENT_ID, poll, post, send } from '../support/transports.js';

const page = stateTopic<string>()('pages/:number');
const JSON_BODY = 'Content-Type: application/json';
const BODY = JSON.stringify({ clientId: CLIENT_ID, topics: [] });
const POLL = ['POST /realtime/poll HTTP/1.1', 'Host: a'];

@RealtimeHandlers()
class Pages {
  /** Topics whose load waits for the test. */
  readonly held = new Map<string, () => void>();

  @OnTopic(page)
  async load(@TopicParams() { number }: { number: string }): Promise<string> {
    if (number.startsWith('held')) await new Promise<void>((resolve) => this.held.set(number, resolve));
    return number.slice(0, 1).repeat(200_000);
  }
}

/** Sends one request and closes the connection afterwards. */
function request(lines: readonly string[], body = ''): string {
  return head([...lines, 'Connection: close']) + body;
}

const statusesOf = (text: string): readonly string[] =>
  [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, code]) => code!);

describe.each<Platform>(['express', 'fastify'])('A20: on %s', (platform) => {
  let arena: TestApplication;

  beforeAll(async () => {
    arena = await TestApplication.start({
      platform,
      // The clock does not advance, so no deadline of the server ends a request.
      clock: new VirtualEnvironment(),
      providers: [Pages],
      realtime: {
        authenticate: (_, token) => ({ id: token, user: token }),
        cookie: 'session',
        limits: { frames: { perSecond: 0 }, connections: { perUser: 2 } },
      },
    });
    // No deadline of Node ends it either.
    Object.assign(arena.app.getHttpServer() as Server, { keepAliveTimeout: 0, requestTimeout: 0 });
  });

  afterAll(() => arena.close());

  test.each<[string, string, readonly number[]]>([
    [
      'a content type that an HTML form can send',
      request([...POLL, 'Content-Type: text/plain', `Content-Length: ${BODY.length}`], BODY),
      [415],
    ],
    [
      'a content type that begins like JSON',
      request([...POLL, 'Content-Type: application/jsonp', `Content-Length: ${BODY.length}`], BODY),
      [415],
    ],
    [
      'a content type that ends like JSON',
      request([...POLL, 'Content-Type: text/plain; application/json', `Content-Length: ${BODY.length}`], BODY),
      [415],
    ],
    [
      'a multipart body',
      request([...POLL, 'Content-Type: multipart/form-data; boundary=x', 'Content-Length: 2'], '{}'),
      [415],
    ],
    [
      'a length below that of the body, with a remainder that is not a request',
      request([...POLL, JSON_BODY, 'Content-Length: 2'], `{}${BODY}`),
      [400],
    ],
    ['a negative length', request([...POLL, JSON_BODY, 'Content-Length: -1'], BODY), [400]],
    ['a length that is not a number', request([...POLL, JSON_BODY, 'Content-Length: 1e3'], BODY), [400]],
    ['two lengths', request([...POLL, JSON_BODY, 'Content-Length: 2', `Content-Length: ${BODY.length}`], BODY), [400]],
    ['a length above every limit', request([...POLL, JSON_BODY, 'Content-Length: 99999999999'], BODY), [413]],
    [
      'a length and chunks',
      request([...POLL, JSON_BODY, 'Content-Length: 4', 'Transfer-Encoding: chunked'], '0\r\n\r\n'),
      [400],
    ],
    [
      'chunks and a length',
      request([...POLL, JSON_BODY, 'Transfer-Encoding: chunked', 'Content-Length: 4'], '0\r\n\r\n'),
      [400],
    ],
    [
      'chunked encoding under another name',
      request([...POLL, JSON_BODY, 'Transfer-Encoding: xchunked'], '0\r\n\r\n'),
      [400, 501],
    ],
    [
      'chunked encoding twice',
      request([...POLL, JSON_BODY, 'Transfer-Encoding: chunked, identity'], '0\r\n\r\n'),
      [400],
    ],
    [
      'a space before the colon of a header',
      request([...POLL, JSON_BODY, 'Transfer-Encoding : chunked'], '0\r\n\r\n'),
      [400],
    ],
    ['a folded header', request([...POLL, JSON_BODY, 'Transfer-Encoding:\r\n chunked'], '0\r\n\r\n'), [400]],
    [
      'an invalid chunk size',
      request([...POLL, JSON_BODY, 'Transfer-Encoding: chunked'], 'zz\r\n{}\r\n0\r\n\r\n'),
      [400],
    ],
    [
      'a chunk size that overflows',
      request([...POLL, JSON_BODY, 'Transfer-Encoding: chunked'], 'fffffffffffffffff\r\n{}'),
      [400],
    ],
    [
      'a chunk longer than its size',
      request([...POLL, JSON_BODY, 'Transfer-Encoding: chunked'], `1\r\n{}\r\n0\r\n\r\n`),
      [400],
    ],
    ['lines without a carriage return', `POST /realtime/poll HTTP/1.1\nHost: a\n\n`, [400]],
    ['a head of 20 KB', request([...POLL, `X: ${'x'.repeat(20_000)}`]), [431]],
    ['an unknown method', request(['POLL /realtime/poll HTTP/1.1', 'Host: a']), [400]],
    ['TRACE', request(['TRACE /realtime/poll HTTP/1.1', 'Host: a']), [405]],
    ['DELETE', request(['DELETE /realtime/actions HTTP/1.1', 'Host: a']), [405]],
    ['HEAD for a POST route', request(['HEAD /realtime/poll HTTP/1.1', 'Host: a']), [405]],
    [
      'a method in a header',
      request(['GET /realtime/poll HTTP/1.1', 'Host: a', 'X-HTTP-Method-Override: POST']),
      [405],
    ],
    ['a path in a header', request(['GET /nothing HTTP/1.1', 'Host: a', 'X-Original-URL: /realtime/config']), [404]],
    ['the path of another host', request(['GET http://evil.example/realtime/config HTTP/1.1', 'Host: a']), [404]],
    ['a path with dot segments', request(['GET /realtime/../realtime/config HTTP/1.1', 'Host: a']), [404]],
    ['a path in another letter case', request(['GET /Realtime/Config HTTP/1.1', 'Host: a']), [404]],
    ['a percent-encoded path', request(['GET /realtime%2fconfig HTTP/1.1', 'Host: a']), [404]],
    [
      'an unsupported Expect header',
      request([...POLL, JSON_BODY, 'Expect: bananas', `Content-Length: ${BODY.length}`], BODY),
      [417],
    ],
    ['no host', request(['GET /realtime/config HTTP/1.1']), [400]],
    ['an upgrade of a poll', head([...POLL, 'Connection: Upgrade', 'Upgrade: websocket']), [404]],
    ['a CONNECT request', head(['CONNECT evil.example:443 HTTP/1.1', 'Host: a']), []],
  ])('%s is rejected at once, and the connection is not used again', async (_, bytes, expected) => {
    const text = await exchangeRaw(arena.port, bytes);
    const [status, ...others] = statusesOf(text);
    if (expected.length === 0) expect(text).toBe('');
    else expect(expected).toContain(Number(status));
    expect(others.filter((code) => code !== '400')).toEqual([]);
  });

  test('bytes after a truncated body do not become a new request', async () => {
    const smuggled = 'GET /realtime/config HTTP/1.1\r\nHost: a\r\n\r\n';
    const text = await exchangeRaw(
      arena.port,
      head([...POLL, 'Content-Type: text/plain', 'Content-Length: 70000']) + smuggled.repeat(3),
    );
    expect(statusesOf(text)).toEqual(['415']);
  });

  test.each([
    ['cross-site', 'https://evil.example', 403],
    ['same-site', 'https://sibling.a', 403],
    ['cross-site', undefined, 200],
  ])('a cross-site POST of %s from %s has no effect for the user of the cookie', async (site, origin, status) => {
    const headers = { cookie: 'session=ann', 'sec-fetch-site': site, ...(origin === undefined ? {} : { origin }) };
    const answer = await post(arena, '/realtime/poll', { clientId: CLIENT_ID, topics: [] }, headers);
    expect(answer.status).toBe(status);
    expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
  });

  test.each<[string, object, number]>([
    ['10,000 topics', { topics: Array.from({ length: 10_000 }, (_, index) => ({ topic: `a/${index}` })) }, 413],
    ['far more topics than the limit', { topics: Array.from({ length: 1_153 }, () => ({ topic: 'a' })) }, 400],
    ['a wait of more than 25 s', { topics: [], wait: 25.001 }, 400],
    ['a negative wait', { topics: [], wait: -0.001 }, 400],
    ['a wait that is not a number', { topics: [], wait: '1' }, 400],
    ['an offset below 0', { topics: [{ topic: 'pages/1', since: { epoch: 'a', offset: -1 } }] }, 400],
    ['an offset of 2^53', { topics: [{ topic: 'pages/1', since: { epoch: 'a', offset: 2 ** 53 } }] }, 400],
  ])('a poll with %s is rejected', async (_, body, status) => {
    const answer = await post(arena, '/realtime/poll', { clientId: CLIENT_ID, ...body });
    expect(answer.status).toBe(status);
    expect(answer.json).toMatchObject({ type: 'error' });
  });

  test('an infinite wait is rejected', async () => {
    const body = `{"clientId":"${CLIENT_ID}","topics":[],"wait":1e999}`;
    const answer = await send(arena, {
      method: 'POST',
      path: '/realtime/poll',
      headers: { 'content-type': 'application/json' },
      body,
    });
    expect(answer.status).toBe(400);
  });

  test('polls above the limit of held polls of a user get an answer at once', async () => {
    const headers = { authorization: 'Bearer holder' };
    const { frames } = await poll(arena, [{ topic: 'pages/1' }], { headers });
    const { epoch, offset } = frames[0] as { epoch: string; offset: number };
    const body = JSON.stringify({
      clientId: CLIENT_ID,
      topics: [{ topic: 'pages/1', since: { epoch, offset } }],
      wait: 20,
    });
    const held = () =>
      send(arena, {
        method: 'POST',
        path: '/realtime/poll',
        headers: { ...headers, 'content-type': 'application/json' },
        body,
      });
    let answered = 0;
    const polls = Array.from({ length: 6 }, () => held().finally(() => (answered += 1)));
    await untilTrue(() => answered === 4);
    await arena.bus.publish(page.with({ number: '1' }), 'news');
    const answers = await Promise.all(polls);
    expect(answers.map(({ status }) => status)).toEqual(Array(6).fill(200));
    expect(answers.filter(({ text }) => text.includes('news'))).toHaveLength(2);
  });

  test('four pipelined requests get an answer, and the fifth is rejected', async () => {
    const pages = arena.get(Pages);
    const sockets = new ServerSockets(arena);
    const wire = await RawWire.open(arena.port);
    const polls = Array.from({ length: 100 }, (_, index) => {
      const text = JSON.stringify({ clientId: CLIENT_ID, topics: [{ topic: `pages/held-${index}` }] });
      return head([...POLL, JSON_BODY, `Content-Length: ${text.length}`]) + text;
    });
    wire.write(polls.join(''));
    await sockets.received(wire);
    await untilTrue(() => pages.held.size === 4);
    expect([...pages.held.keys()]).toEqual(['held-0', 'held-1', 'held-2', 'held-3']);
    for (const release of pages.held.values()) release();
    expect(statusesOf(await wire.rest())).toEqual(['200', '200', '200', '200', '429']);
    expect(pages.held.size).toBe(4);
  });
});
