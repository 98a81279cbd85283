import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from '@jest/globals';
import { FileTypeValidator } from '@nestjs/common';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { satisfies } from 'semver';

import { root } from '../lib/workspace.mjs';

const OLDEST_NODE = '20.19.0';
const PNG = Buffer.from(
  '89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000049454e44ae426082',
  'hex',
);

describe('the installed packages', () => {
  it(`accept Node ${OLDEST_NODE}, so that an installation prints no warning`, () => {
    const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
    const refusing = Object.entries(packages)
      .filter(([, { engines }]) => engines?.node !== undefined && !satisfies(OLDEST_NODE, engines.node))
      .map(([path, { engines }]) => `${path}: ${engines.node}`);

    expect(Object.keys(packages).length).toBeGreaterThan(1_000);
    expect(refusing).toEqual([]);
  });
});

describe('Nest on the overridden packages', () => {
  it('recognizes a file by its content', async () => {
    const validator = new FileTypeValidator({ fileType: 'image/png' });
    const file = { mimetype: 'image/png', size: PNG.length };

    expect(await validator.isValid({ ...file, buffer: PNG })).toBe(true);
    expect(await validator.isValid({ ...file, buffer: Buffer.from('GIF89a, and no more of it') })).toBe(false);
  });

  it('passes cookies to a request that Fastify injects', async () => {
    const adapter = new FastifyAdapter();
    adapter.get('/', (request, reply) => reply.send(request.headers.cookie));

    const response = await adapter.inject({ url: '/', cookies: { first: '1', second: 'a b' } });
    await adapter.close();

    expect(response.payload).toBe('first=1; second=a%20b');
  });
});
