import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Session } from '@statewire/arena';

import { TokenService } from '../src/session/token.service.js';
import { Arena, authorization } from './support/arena.js';

const HTML = { Accept: 'text/html,application/xhtml+xml' };

let arena: Arena;
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'arena-client-'));
  await writeFile(join(directory, 'index.html'), '<title>Arena</title>');
  await writeFile(join(directory, 'main-5JXQ2L7B.js'), 'export {};');
  await writeFile(join(directory, 'favicon.svg'), '<svg/>');
  arena = await Arena.start({ env: { ARENA_CLIENT_DIR: directory } });
});

afterAll(async () => {
  await arena.stop();
  await rm(directory, { recursive: true });
});

describe('The page', () => {
  it.each(['/', '/battles/42', '/runs/abc.def/'])('is the index at %s, without a cache', async (path) => {
    const response = await arena.get(path, HTML);

    expect(response.status).toBe(200);
    expect(await response.text()).toBe('<title>Arena</title>');
    expect(response.headers.get('cache-control')).toBe('no-cache');
  });

  it('caches only files whose name changes with their content', async () => {
    const [hashed, plain] = [await arena.get('/main-5JXQ2L7B.js'), await arena.get('/favicon.svg')];

    expect(hashed.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    expect(plain.headers.get('cache-control')).toBe('no-cache');
  });

  it.each(['/api/nothing', '/main-MISSING1.js', '/realtime/nothing', '/health'])(
    'is not the index at %s',
    async (path) => {
      expect((await arena.get(path, HTML)).status).toBe(404);
    },
  );

  it('may connect to its own server only, run no foreign script and appear in no frame', async () => {
    const { headers } = await arena.get('/', HTML);
    const host = arena.origin.replace('http://', '');

    expect(headers.get('content-security-policy')).toContain(`connect-src 'self' ws://${host} wss://${host};`);
    expect(headers.get('content-security-policy')).toContain("default-src 'self'");
    expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('x-powered-by')).toBeNull();
  });

  it('explains how to build the page if there is none', async () => {
    const bare = await Arena.start();
    const response = await bare.get('/', HTML);
    await bare.stop();

    expect(response.status).toBe(404);
    expect(await response.text()).toContain('npm run build');
  });
});

describe('The health of a server', () => {
  it('is live when it serves requests', async () => {
    const response = await arena.get('/health/live');

    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ status: 'ok' });
  });

  it('is ready while its realtime module is up', async () => {
    const response = await arena.get('/health/ready');

    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ status: 'ok', details: { realtime: { status: 'up' } } });
  });

  it.each(['/health/live', '/health/ready'])('is never cached: %s', async (path) => {
    expect((await arena.get(path)).headers.get('cache-control')).toContain('no-store');
  });
});

describe('POST /api/session', () => {
  it('gives a name a player id, a token and its expiry', async () => {
    const response = await arena.post('/api/session', { name: '  Ann ' });
    const session = (await response.json()) as Session;

    expect(response.status).toBe(201);
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(session).toMatchObject({ name: 'Ann', playerId: expect.stringMatching(/^[\w-]{22,}$/) });
    expect(session.expiresAt - Date.now()).toBeGreaterThan(59 * 60_000);
    expect((await arena.state(session)).notifications).toEqual([]);
  });

  it.each([
    {},
    { name: '' },
    { name: '   ' },
    { name: 7 },
    { name: 'x'.repeat(25) },
    { name: 'a\u0000b' },
    { name: 'Ann', admin: true },
  ])('rejects %j', async (body) => {
    expect((await arena.post('/api/session', body)).status).toBe(400);
  });

  it('exchanges a token for a new one of the same player, even shortly after it expired', async () => {
    const session = await arena.session();
    const expired = await arena.app.get(TokenService).issue(session, -60_000);
    const response = await arena.post('/api/session/refresh', {}, authorization(expired));
    const refreshed = (await response.json()) as Session;

    expect((await arena.get('/api/state', authorization(expired))).status).toBe(401);
    expect(response.status).toBe(200);
    expect(refreshed).toMatchObject({ playerId: session.playerId, name: session.name });
    expect((await arena.get('/api/state', authorization(refreshed))).status).toBe(200);
  });

  it('rejects a missing, forged or long expired token', async () => {
    const old = await arena.app.get(TokenService).issue(await arena.session(), -25 * 60 * 60_000);
    const headers = [{}, { Authorization: 'Basic abc' }, authorization({ token: 'forged' }), authorization(old)];
    const statuses = await Promise.all(
      headers.map(
        async (header: Record<string, string>) => (await arena.post('/api/session/refresh', {}, header)).status,
      ),
    );

    expect(statuses).toEqual([401, 401, 401, 401]);
  });
});
