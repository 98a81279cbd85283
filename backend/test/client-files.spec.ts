import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { Arena } from './support/arena.js';

const HTML = { Accept: 'text/html,application/xhtml+xml' };

describe('The page', () => {
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
