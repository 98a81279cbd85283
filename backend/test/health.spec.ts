import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { Arena } from './support/arena.js';

describe('The health of a server', () => {
  let arena: Arena;

  beforeAll(async () => {
    arena = await Arena.start();
  });

  afterAll(() => arena.stop());

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
