import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Session } from '@statewire/arena';

import { TokenService } from '../src/session/token.service.js';
import { Arena, authorization } from './support/arena.js';

describe('POST /api/session', () => {
  let arena: Arena;

  beforeAll(async () => {
    arena = await Arena.start();
  });

  afterAll(() => arena.stop());

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
