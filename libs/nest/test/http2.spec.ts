import { connect, Http2ServerResponse, type ClientHttp2Session, type OutgoingHttpHeaders } from 'node:http2';

import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { HttpServer } from '@nestjs/common';
import { FastifyAdapter } from '@nestjs/platform-fastify';

import { arenaProviders, authenticate } from './support/arena-fixture.js';
import { TestApplication } from './support/test-application.js';
import { CLIENT_ID } from './support/transports.js';

const JSON_BODY = { 'content-type': 'application/json' };
const POLL = JSON.stringify({ clientId: CLIENT_ID, topics: [{ topic: 'battles/1' }] });
const ACTION = JSON.stringify({ clientId: CLIENT_ID, id: 'a1', name: 'no/such' });

/** Requests over HTTP/2, which has `:authority` instead of `Host`. */
describe('A1: over HTTP/2', () => {
  let arena: TestApplication;
  let session: ClientHttp2Session;

  beforeAll(async () => {
    arena = await TestApplication.start({
      adapter: new FastifyAdapter({ http2: true }) as unknown as HttpServer,
      realtime: { authenticate },
      providers: arenaProviders,
    });
    session = connect(arena.origin);
  });

  afterAll(async () => {
    session.close();
    await arena.close();
  });

  function request(headers: OutgoingHttpHeaders, body?: string): Promise<{ status: number; text: string }> {
    return new Promise((resolve, reject) => {
      const stream = session.request({ ...headers, ...(body === undefined ? {} : JSON_BODY) });
      let status = 0;
      let text = '';
      stream.on('response', (received) => (status = received[':status'] ?? 0));
      stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
      stream.on('end', () => resolve({ status, text }));
      stream.on('error', reject);
      stream.end(body);
    });
  }

  test.each<[string, OutgoingHttpHeaders, string | undefined]>([
    ['a read of the configuration', { ':path': '/realtime/config' }, undefined],
    ['a snapshot', { ':path': '/realtime/snapshot?topic=battles/1' }, undefined],
    ['a poll', { ':path': '/realtime/poll', ':method': 'POST' }, POLL],
    ['an action', { ':path': '/realtime/actions', ':method': 'POST' }, ACTION],
  ])('%s is allowed from the own origin alone', async (_, headers, body) => {
    const own = await request({ ...headers, origin: arena.origin }, body);
    expect(own.text).not.toContain('origin');
    expect(own.status).not.toBe(403);

    const foreign = await request({ ...headers, origin: 'http://evil.example' }, body);
    expect(foreign.status).toBe(403);
    const { host } = new URL(arena.origin);
    expect(JSON.parse(foreign.text)).toMatchObject({
      code: 'forbidden',
      message: expect.stringContaining(
        `"http://evil.example" is not allowed, because the host of the request is "${host}"`,
      ),
    });
  });

  test('answers have no Connection header, of which Node would warn', async () => {
    const setHeader = jest.spyOn(Http2ServerResponse.prototype, 'setHeader');
    const { status } = await request({ ':path': '/realtime/poll', ':method': 'POST' }, '['.repeat(70_000));
    expect(status).toBe(413);
    const names = setHeader.mock.calls.map(([name]) => name.toLowerCase());
    setHeader.mockRestore();
    expect(names).toContain('content-type');
    expect(names).not.toContain('connection');
  });
});
