import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { TestApplication, type Platform } from '../support/test-application.js';
import { arenaProviders, authenticate } from '../support/arena-fixture.js';
import { untilTrue } from '../support/event-loop-turn.js';
import { exchangeRaw, handshake, head, RawWire } from '../support/raw-wire.js';
import { CLIENT_ID } from '../support/transports.js';

const HOST = 'play.example:3000';
const ORIGIN = `http://${HOST}`;

type Lines = readonly string[];

/** The entry points, each with the lines of a request. A test case adds its own lines. */
const WAYS: readonly (readonly [string, Lines])[] = [
  ['an upgrade', handshake(0).filter((line) => !line.startsWith('Host'))],
  ['a read of the configuration', ['GET /realtime/config HTTP/1.1', 'Connection: close']],
  ['a snapshot', ['GET /realtime/snapshot?topic=battles/1 HTTP/1.1', 'Connection: close']],
  [
    'a poll',
    ['POST /realtime/poll HTTP/1.1', 'Connection: close', 'Content-Type: application/json', 'Content-Length: 0'],
  ],
  ['a preflight', ['OPTIONS /realtime/actions HTTP/1.1', 'Connection: close', 'Access-Control-Request-Method: POST']],
];

const REJECTED: readonly (readonly [string, Lines])[] = [
  ['null', ['Origin: null']],
  ['empty', ['Origin: ']],
  ['another host', ['Origin: http://evil.example']],
  ['a host with ours as its prefix', ['Origin: http://play.example.evil.example:3000']],
  ['a host with ours as its suffix', ['Origin: http://evilplay.example:3000']],
  ['a subdomain', ['Origin: http://evil.play.example:3000']],
  ['the parent domain', ['Origin: http://example:3000']],
  ['capitals in the host', ['Origin: http://Play.Example:3000']],
  ['capitals in the scheme', ['Origin: HTTP://play.example:3000']],
  ['another port', ['Origin: http://play.example:3001']],
  ['no port where we have one', ['Origin: http://play.example']],
  ['a trailing dot', ['Origin: http://play.example.:3000']],
  ['a path', ['Origin: http://play.example:3000/']],
  ['a query', ['Origin: http://play.example:3000?']],
  ['credentials that look like ours', ['Origin: http://play.example:3000@evil.example']],
  ['credentials before ours', ['Origin: http://evil@play.example:3000']],
  ['another scheme', ['Origin: ftp://play.example:3000']],
  ['a file', ['Origin: file://']],
  ['an extension', ['Origin: chrome-extension://play.example:3000']],
  ['a look-alike in another script', ['Origin: http://xn--ply-5cd.example:3000']],
  ['letters outside ASCII', ['Origin: http://pl\u00e4y.example:3000']],
  ['a list', [`Origin: ${ORIGIN}, http://evil.example`]],
  ['a list with spaces', [`Origin: ${ORIGIN} http://evil.example`]],
  ['two headers, ours first', [`Origin: ${ORIGIN}`, 'Origin: http://evil.example']],
  ['two headers, ours last', ['Origin: http://evil.example', `Origin: ${ORIGIN}`]],
  ['twice ours', [`Origin: ${ORIGIN}`, `origin: ${ORIGIN}`]],
  ['a forwarded host, and no proxy is trusted', ['Origin: http://evil.example', 'X-Forwarded-Host: evil.example']],
  ['a Forwarded header', ['Origin: http://evil.example', 'Forwarded: host=evil.example']],
  ['another host in a header that some servers believe', ['Origin: http://evil.example', 'X-Host: evil.example']],
  ['a same-origin Sec-Fetch-Site that contradicts it', ['Origin: http://evil.example', 'Sec-Fetch-Site: same-origin']],
];

/** Heads that two parsers may read differently. */
const AMBIGUOUS: readonly (readonly [string, Lines])[] = [
  ['no Host', []],
  ['no Host and an origin', [`Origin: ${ORIGIN}`]],
  ['two different Hosts', [`Host: ${HOST}`, 'Host: evil.example']],
  ['the same Host twice', [`Host: ${HOST}`, `host: ${HOST}`]],
  ['two Hosts and our origin', [`Host: ${HOST}`, 'Host: evil.example', `Origin: ${ORIGIN}`]],
  ['two Hosts and another origin', ['Host: evil.example', `Host: ${HOST}`, 'Origin: http://evil.example']],
  ['two Authorizations', [`Host: ${HOST}`, 'Authorization: Bearer alice', 'Authorization: Bearer bob']],
  ['the same Authorization twice', [`Host: ${HOST}`, 'Authorization: Bearer alice', 'authorization: Bearer alice']],
];

describe.each<Platform>(['express', 'fastify'])('A1: on %s', (platform) => {
  let arena: TestApplication;

  beforeAll(async () => {
    arena = await TestApplication.start({
      platform,
      realtime: { authenticate, cookie: 'session', limits: { connections: { pendingPerAddress: 0 } } },
      providers: arenaProviders,
    });
  });

  afterAll(() => arena.close());

  test.each(REJECTED)('an origin that is %s is rejected first, without CORS headers', async (_, lines) => {
    for (const [way, request] of WAYS) {
      const [line = '', ...others] = request;
      const answer = await exchangeRaw(arena.port, head([line, `Host: ${HOST}`, ...others, ...lines]));
      expect({ way, status: answer.slice(0, 12) }).toEqual({ way, status: 'HTTP/1.1 403' });
      expect(answer).not.toMatch(/access-control|101 Switching/i);
    }
    expect(arena.connections.list()).toEqual([]);
  });

  test.each(AMBIGUOUS)('a request with %s gets 400 without CORS headers', async (_, lines) => {
    for (const [way, [line = '', ...others]] of WAYS) {
      const answer = await exchangeRaw(arena.port, head([line, ...others, ...lines]));
      expect({ way, status: answer.slice(0, 12) }).toEqual({ way, status: 'HTTP/1.1 400' });
      expect(answer).not.toMatch(/access-control|101 Switching/i);
    }
    expect(arena.connections.list()).toEqual([]);
  });

  test('HTTP/1.0 allows a request without Host, but no upgrade', async () => {
    const config = ['GET /realtime/config HTTP/1.0', 'Connection: close'];
    expect(await exchangeRaw(arena.port, head(config))).toMatch(/^HTTP\/1\.1 200 /);
    const [, ...upgrade] = handshake(arena.port).filter((line) => !line.startsWith('Host'));
    expect(await exchangeRaw(arena.port, head(['GET /ws HTTP/1.0', ...upgrade]))).toMatch(/^HTTP\/1\.1 400 /);
  });

  test('an upgrade finds its subprotocol in the second of two headers', async () => {
    const wire = await RawWire.open(arena.port);
    const offers = ['Sec-WebSocket-Protocol: other', 'Sec-WebSocket-Protocol: statewire.v1.json'];
    wire.write(head([...handshake(arena.port), ...offers]));
    const answer = await wire.until((text) => text.includes('\r\n\r\n'));
    expect(answer).toMatch(/^HTTP\/1\.1 101 [^]*sec-websocket-protocol: statewire\.v1\.json/i);
    wire.destroy();
    await untilTrue(() => arena.connections.list().length === 0);
  });

  test.each(['Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', 'Sec-WebSocket-Version: 13'])(
    'an upgrade with a second `%s` gets 400',
    async (line) => {
      const answer = await exchangeRaw(arena.port, head([...handshake(arena.port), 'Connection: close', line]));
      expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    },
  );

  test.each([
    ['the host of the request', HOST, ORIGIN],
    ['the default port of its scheme', 'play.example:80', 'http://play.example'],
    ['no port when Host has the default port', 'play.example:443', 'https://play.example'],
    ['the host in lower case', 'PLAY.example:3000', ORIGIN],
    ['the ASCII form of an international host', 'xn--bcher-kva.example', 'https://xn--bcher-kva.example'],
  ])('an origin with %s is accepted', async (_, host, origin) => {
    const wire = await RawWire.open(arena.port);
    const lines = handshake(arena.port).map((line) => (line.startsWith('Host') ? `Host: ${host}` : line));
    wire.write(head([...lines, `Origin: ${origin}`]));
    expect(await wire.until((text) => text.includes('\r\n\r\n'))).toMatch(/^HTTP\/1\.1 101 /);
    wire.destroy();
    await untilTrue(() => arena.connections.list().length === 0);
    const config = ['GET /realtime/config HTTP/1.1', `Host: ${host}`, 'Connection: close', `Origin: ${origin}`];
    expect(await exchangeRaw(arena.port, head(config))).toMatch(/^HTTP\/1\.1 200 /);
  });

  test.each([
    ['nothing', [], 'undefined'],
    ['a cross-site Sec-Fetch-Site', ['Sec-Fetch-Site: cross-site'], 'undefined'],
    ['a same-site Sec-Fetch-Site', ['Sec-Fetch-Site: same-site'], 'undefined'],
    ['a Referer of an allowed page', [`Referer: ${ORIGIN}/`], 'undefined'],
    ['the origin of the page', [`Origin: ${ORIGIN}`], 'alice'],
  ])('a cookie with %s counts only for a page of an allowed origin', async (_, lines, user) => {
    const cookie = 'Cookie: session=alice';
    const wire = await RawWire.open(arena.port);
    const upgrade = handshake(arena.port).map((line) => (line.startsWith('Host') ? `Host: ${HOST}` : line));
    wire.write(head([...upgrade, cookie, ...lines]));
    await wire.until((text) => text.includes('\r\n\r\n'));
    expect(arena.connections.list().map((connection) => String(connection.user))).toEqual([user]);
    wire.destroy();
    await untilTrue(() => arena.connections.list().length === 0);

    const body = JSON.stringify({
      clientId: CLIENT_ID,
      id: `of ${user} with ${lines.length}`,
      name: 'double',
      data: { n: 1 },
    });
    const answer = await exchangeRaw(
      arena.port,
      head([
        'POST /realtime/actions HTTP/1.1',
        `Host: ${HOST}`,
        'Connection: close',
        'Content-Type: application/json',
        `Content-Length: ${body.length}`,
        cookie,
        ...lines,
      ]) + body,
    );
    expect(answer).toContain(user === 'alice' ? '"by":"alice"' : '"data":{"n":2}');
  });
});
