import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';

import { identityFields } from './project-identity.mjs';
import { npm, root } from './workspace.mjs';

/** Folder of the tarballs that `npm run pack` writes. */
export const TARBALLS = join(root, 'dist/packages');

/** The fields of a package.json that its users need. Scripts, development dependencies and tool settings stay here. */
const PUBLISHED_FIELDS = [
  'name',
  'version',
  'description',
  'keywords',
  'license',
  'type',
  'sideEffects',
  'engines',
  'exports',
  // TypeScript with `"moduleResolution": "node10"` does not read `exports`, as in projects that Nest 11 generated.
  'typesVersions',
  'module',
  'typings',
  'dependencies',
  'peerDependencies',
  'peerDependenciesMeta',
  'publishConfig',
];

/**
 * Lists the packages of the workspace that are published, each after the packages that it depends on.
 *
 * @returns {{ name: string, directory: string, manifest: object, tarball: string }[]}
 */
export function publishedPackages() {
  const pending = readdirSync(join(root, 'libs'))
    .map((folder) => ({ directory: `libs/${folder}`, manifest: readManifest(join(root, 'libs', folder)) }))
    .filter(({ manifest }) => manifest && !manifest.private)
    .map(({ directory, manifest }) => ({ name: manifest.name, directory, manifest, tarball: tarballOf(manifest) }));
  const names = pending.map(({ name }) => name);
  const ordered = [];
  while (pending.length > 0) {
    const isReady = ({ manifest }) =>
      dependenciesOf(manifest).every((name) => !names.includes(name) || isOrdered(name));
    const isOrdered = (name) => ordered.some((entry) => entry.name === name);
    const next = pending.findIndex(isReady);
    if (next < 0)
      throw new Error(`These packages depend on each other: ${pending.map(({ name }) => name).join(', ')}.`);
    ordered.push(...pending.splice(next, 1));
  }
  return ordered;
}

/** Packs a built package into its tarball. */
export function pack({ directory, name, manifest, tarball }, identity) {
  // ng-packagr makes `dist` a package of its own. The other packages are published with `dist` as a folder.
  const isNgPackage = existsSync(join(root, directory, 'ng-package.json'));
  const source = join(root, directory, isNgPackage ? 'dist' : '.');
  const staging = join(TARBALLS, 'staging', name);
  rmSync(staging, { recursive: true, force: true });
  mkdirSync(staging, { recursive: true });
  const files = isNgPackage ? readdirSync(source) : manifest.files;
  for (const file of files) cpSync(join(source, file), join(staging, file), { recursive: true });
  cpSync(join(root, 'LICENSE'), join(staging, 'LICENSE'));
  const published = publishedManifest(readManifest(source), identity, directory);
  writeFileSync(join(staging, 'package.json'), `${JSON.stringify(published, null, 2)}\n`);
  const problems = contentProblems(staging);
  if (problems.length > 0) throw new Error(`${name} cannot be published:\n  ${problems.join('\n  ')}`);
  rmSync(tarball, { force: true });
  execFileSync(...npm(['pack', '--silent', '--pack-destination', TARBALLS], { cwd: staging, stdio: 'ignore' }));
  if (!existsSync(tarball)) throw new Error(`npm pack did not write ${tarball}.`);
}

/** Unpacks a tarball of the workspace into a folder of `node_modules`, as `npm install` does. */
export function unpack({ directory, tarball }, target) {
  mkdirSync(target, { recursive: true });
  execFileSync('tar', ['-xzf', tarball, '-C', target, '--strip-components=1']);
  // Dependencies of which the root of the workspace has another version.
  const ownDependencies = join(root, directory, 'node_modules');
  if (existsSync(ownDependencies)) symlinkSync(ownDependencies, join(target, 'node_modules'));
}

/**
 * Returns the package.json to publish: without what only the workspace uses, with the confirmed parts of the identity.
 *
 * @param {object} manifest package.json of the workspace.
 * @param {import('./project-identity.mjs').Identity} identity
 * @param {string} directory folder of the package in the repository.
 */
export function publishedManifest(manifest, identity, directory) {
  const fields = Object.entries(manifest).filter(([field]) => PUBLISHED_FIELDS.includes(field));
  const exports = publishedExports(manifest.exports);
  const { default: main, types } = exports['.'] ?? {};
  return {
    ...Object.fromEntries(fields),
    // TypeScript with `"module": "commonjs"` does not read `exports`, as in projects that Nest 11 generated.
    ...(manifest.module === undefined && { main, types }),
    exports,
    ...identityFields(identity, directory),
  };
}

/**
 * Lists what must not be in a published folder: specs, source maps without the text of their sources, exports whose
 * file is missing.
 *
 * @returns {string[]} one sentence per problem.
 */
export function contentProblems(folder) {
  const problems = [];
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).replaceAll('\\', '/'));
  for (const file of files) {
    if (/\.spec\./.test(file)) problems.push(`${file} is a test.`);
    if (file.endsWith('.map') && !hasSources(join(folder, file))) problems.push(`${file} lacks the text of a source.`);
  }
  const { exports } = readManifest(folder);
  for (const target of Object.values(exports).flatMap((entry) =>
    typeof entry === 'string' ? entry : Object.values(entry),
  )) {
    if (!files.includes(target.replace(/^\.\//, '')))
      problems.push(`${target} is exported, and there is no such file.`);
  }
  return problems;
}

/** Drops the `source` condition, and with it the entries that have no other. */
function publishedExports(exports) {
  const published = {};
  for (const [entry, target] of Object.entries(exports)) {
    if (typeof target === 'string') {
      published[entry] = target;
      continue;
    }
    const conditions = Object.entries(target).filter(([condition]) => condition !== 'source');
    if (conditions.length > 0) published[entry] = Object.fromEntries(conditions);
  }
  return published;
}

function hasSources(file) {
  const { sources, sourcesContent = [] } = JSON.parse(readFileSync(file, 'utf8'));
  return sources.every((_, index) => typeof sourcesContent[index] === 'string');
}

function readManifest(folder) {
  const file = join(folder, 'package.json');
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
}

function dependenciesOf({ dependencies = {}, peerDependencies = {} }) {
  return [...Object.keys(dependencies), ...Object.keys(peerDependencies)];
}

function tarballOf({ name, version }) {
  return join(TARBALLS, `${name.replace('@', '').replace('/', '-')}-${version}.tgz`);
}
