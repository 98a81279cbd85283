/**
 * Installs the tarballs of `npm run pack` as a consumer would have them, and imports each entry point with plain Node.
 * Mistakes of ES modules can compile and pass Jest and still fail here.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { publishedPackages, unpack } from './lib/published-package.mjs';
import { fail, root } from './lib/workspace.mjs';

/** The imports of an application before a library with this peer dependency. */
const PRELUDES = { '@angular/core': '@angular/compiler', 'reflect-metadata': 'reflect-metadata' };

const packages = publishedPackages();
const missing = packages.filter(({ tarball }) => !existsSync(tarball));
if (missing.length > 0) fail(`${missing.map(({ name }) => name).join(', ')} is not packed. Run npm run pack first.`);

// Inside the workspace, so that the packages find the frameworks that are installed here.
const consumer = join(root, 'tmp/smoke');
rmSync(consumer, { recursive: true, force: true });
for (const entry of packages) unpack(entry, join(consumer, 'node_modules', entry.name));
for (const entry of packages) importEntries(entry);
startWithoutOptionalPeers();

function importEntries({ name, manifest }) {
  for (const [entry, target] of Object.entries(manifest.exports)) {
    if (!target.default?.endsWith('js')) continue;
    const specifier = `${name}${entry.slice(1)}`;
    const script = join(consumer, `import-${specifier.replace(/\W+/g, '-')}.mjs`);
    const preludes = Object.entries(PRELUDES).filter(([peer]) => peer in (manifest.peerDependencies ?? {}));
    writeFileSync(
      script,
      `${preludes.map(([, module]) => `import '${module}';\n`).join('')}import * as library from '${specifier}';
const from = import.meta.resolve('${specifier}');
if (!from.includes('/tmp/smoke/node_modules/')) throw new Error('${specifier} came from ' + from);
const count = Object.keys(library).length;
if (count === 0) throw new Error('${specifier} exports nothing');
console.log('${specifier}: ' + count + ' exports');
`,
    );
    execFileSync(process.execPath, [script], { cwd: consumer, stdio: 'inherit' });
  }
}

/** Starts a Nest application with an action, in a process that finds no optional peer dependency of `@statewire/nest`. */
function startWithoutOptionalPeers() {
  const { manifest } = packages.find(({ name }) => name === '@statewire/nest');
  const optional = Object.keys(manifest.peerDependenciesMeta);
  const script = join(consumer, 'start-without-optional-peers.mjs');
  writeFileSync(
    script,
    `import 'reflect-metadata';
import Module, { register } from 'node:module';

const optional = ${JSON.stringify(optional)};
const notFound = (name) => Object.assign(new Error('Cannot find ' + name), { code: 'MODULE_NOT_FOUND' });
const resolveFilename = Module._resolveFilename;
Module._resolveFilename = (name, ...rest) => {
  if (optional.includes(name)) throw notFound(name);
  return resolveFilename(name, ...rest);
};
const hook = 'export const resolve = (name, context, next) => ' +
  "{ if (" + JSON.stringify(optional) + ".includes(name)) throw new Error('Cannot find ' + name); return next(name, context); };";
register('data:text/javascript,' + encodeURIComponent(hook));

const { NestFactory } = await import('@nestjs/core');
const { ActionData, OnAction, RealtimeHandlers, RealtimeModule } = await import('@statewire/nest');
const { action } = await import('@statewire/protocol');

class Handlers {
  echo(data) {
    return data;
  }
}
RealtimeHandlers()(Handlers);
OnAction(action('echo'))(Handlers.prototype, 'echo', Object.getOwnPropertyDescriptor(Handlers.prototype, 'echo'));
ActionData()(Handlers.prototype, 'echo', 0);

const app = await NestFactory.create(
  { module: class {}, imports: [RealtimeModule.forRoot()], providers: [Handlers] },
  { logger: ['error', 'fatal'], abortOnError: false },
);
await app.listen(0, '127.0.0.1');
const answer = await fetch((await app.getUrl()) + '/realtime/actions', {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ clientId: 'smoke-0123456789abcdef', id: '1', name: 'echo', data: 7 }),
});
const { data } = await answer.json();
await app.close();
if (data !== 7) throw new Error('The action answered ' + data);
console.log('@statewire/nest starts without ' + optional.join(' and '));
`,
  );
  execFileSync(process.execPath, [script], { cwd: consumer, stdio: 'inherit' });
}
