import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import { codeOwnersText, readIdentity } from '../lib/project-identity.mjs';
import { contentProblems, publishedManifest, publishedPackages } from '../lib/published-package.mjs';
import { root } from '../lib/workspace.mjs';

const UNCONFIRMED = { repository: null, homepage: null, bugs: null, codeOwners: null };
const CONFIRMED = {
  repository: 'git+https://git.example/state/wire.git',
  homepage: 'https://wire.example',
  bugs: 'https://git.example/state/wire/issues',
  codeOwners: ['@first', '@second'],
};
const MANIFEST = {
  name: '@statewire/sample',
  version: '1.2.3',
  scripts: { build: 'tsc' },
  files: ['dist'],
  exports: {
    '.': { source: './src/index.ts', types: './dist/index.d.ts', default: './dist/index.js' },
    './internal': { source: './src/internal.ts' },
    './package.json': './package.json',
  },
  dependencies: { ws: '1.0.0' },
  devDependencies: { jest: '1.0.0' },
};

describe('the published package.json', () => {
  it('has no source condition, no entry that only the workspace resolves and no development field', () => {
    expect(publishedManifest(MANIFEST, UNCONFIRMED, 'libs/sample')).toEqual({
      name: '@statewire/sample',
      version: '1.2.3',
      main: './dist/index.js',
      types: './dist/index.d.ts',
      exports: {
        '.': { types: './dist/index.d.ts', default: './dist/index.js' },
        './package.json': './package.json',
      },
      dependencies: { ws: '1.0.0' },
    });
  });

  it('leaves main and types to ng-packagr, which writes module and typings', () => {
    const manifest = { ...MANIFEST, module: 'fesm/sample.mjs', typings: 'types/sample.d.ts' };
    const published = publishedManifest(manifest, UNCONFIRMED, 'libs/sample');
    expect(Object.keys(published)).toEqual(expect.arrayContaining(['module', 'typings']));
    expect(Object.keys(published)).not.toEqual(expect.arrayContaining(['main']));
  });

  it('names repository, homepage and bugs once the owners confirmed them', () => {
    expect(publishedManifest(MANIFEST, CONFIRMED, 'libs/sample')).toMatchObject({
      repository: { type: 'git', url: 'git+https://git.example/state/wire.git', directory: 'libs/sample' },
      homepage: 'https://wire.example',
      bugs: 'https://git.example/state/wire/issues',
    });
  });
});

describe('CODEOWNERS', () => {
  it('does not exist while no owner is confirmed', () => {
    expect(codeOwnersText(UNCONFIRMED)).toBeUndefined();
  });

  it('gives all files to the confirmed owners', () => {
    expect(codeOwnersText(CONFIRMED)).toBe('* @first @second\n');
  });

  it('of the repository agrees with its identity', () => {
    const file = join(root, '.github/CODEOWNERS');

    expect(existsSync(file) ? readFileSync(file, 'utf8') : undefined).toBe(codeOwnersText(readIdentity()));
  });
});

describe('the packages of the workspace', () => {
  it('come after the packages that they depend on', () => {
    const names = publishedPackages().map(({ name }) => name);

    for (const { name, manifest } of publishedPackages()) {
      const own = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies });
      for (const dependency of own.filter((candidate) => names.includes(candidate))) {
        expect([dependency, names.indexOf(dependency) < names.indexOf(name)]).toEqual([dependency, true]);
      }
    }
    expect(names[0]).toBe('@statewire/protocol');
  });

  it.each(publishedPackages())('$name says what its users need to know', ({ manifest }) => {
    expect(manifest).toMatchObject({
      license: 'MIT',
      publishConfig: { access: 'public', provenance: true },
      engines: { node: expect.any(String) },
    });
    expect(manifest.keywords).toContain('statewire');
    expect(manifest.description).toMatch(/\.$/);
  });

  it.each(publishedPackages())('$name invents no repository, homepage or bug tracker', ({ manifest }) => {
    expect(Object.keys(manifest).filter((field) => ['repository', 'homepage', 'bugs'].includes(field))).toEqual([]);
  });
});

describe('the content of a package', () => {
  let folder;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'statewire-package-'));
    write('package.json', JSON.stringify({ exports: { '.': { default: './dist/index.js' } } }));
    write('dist/index.js', 'export const value = 1;\n');
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  function write(path, text) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }

  it('may hold a source map with the text of its sources', () => {
    write('dist/index.js.map', JSON.stringify({ sources: ['../src/index.ts'], sourcesContent: ['text'] }));

    expect(contentProblems(folder)).toEqual([]);
  });

  it('may not hold a source map without the text of its sources', () => {
    write('dist/index.js.map', JSON.stringify({ sources: ['../src/index.ts'] }));

    expect(contentProblems(folder)).toEqual(['dist/index.js.map lacks the text of a source.']);
  });

  it('may not hold tests', () => {
    write('dist/parts/index.spec.js', '');

    expect(contentProblems(folder)).toEqual(['dist/parts/index.spec.js is a test.']);
  });

  it('holds each exported file', () => {
    rmSync(join(folder, 'dist/index.js'));

    expect(contentProblems(folder)).toEqual(['./dist/index.js is exported, and there is no such file.']);
  });
});
