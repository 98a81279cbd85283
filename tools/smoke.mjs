/**
 * Installs the tarballs of `npm run pack` as a consumer would have them, and imports each entry point with plain Node.
 * Mistakes of ES modules can compile and pass Jest and still fail here.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { publishedPackages } from './lib/published-package.mjs';
import { fail, root } from './lib/workspace.mjs';

/** What an application imports before a library with this peer dependency. */
const PRELUDES = { '@angular/core': '@angular/compiler', 'reflect-metadata': 'reflect-metadata' };

const packages = publishedPackages();
const missing = packages.filter(({ tarball }) => !existsSync(tarball));
if (missing.length > 0) fail(`${missing.map(({ name }) => name).join(', ')} is not packed. Run npm run pack first.`);

// Inside the workspace, so that the packages find the frameworks that are installed here.
const consumer = join(root, 'tmp/smoke');
rmSync(consumer, { recursive: true, force: true });
for (const { name, directory, tarball } of packages) {
  const target = join(consumer, 'node_modules', name);
  mkdirSync(target, { recursive: true });
  execFileSync('tar', ['-xzf', tarball, '-C', target, '--strip-components=1']);
  // Dependencies of which the root of the workspace has another version.
  const ownDependencies = join(root, directory, 'node_modules');
  if (existsSync(ownDependencies)) symlinkSync(ownDependencies, join(target, 'node_modules'));
}
for (const entry of packages) importEntries(entry);

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
