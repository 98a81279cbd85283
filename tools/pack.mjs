/** Builds and packs every published package into `dist/packages/`: the one form in which it is checked and published. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { codeOwnersText, readIdentity } from './lib/project-identity.mjs';
import { pack, publishedPackages, TARBALLS } from './lib/published-package.mjs';
import { ensureInstalled, fail, nx, requireSupportedNode, root } from './lib/workspace.mjs';

requireSupportedNode();
await ensureInstalled();
const packages = publishedPackages();
const projects = packages.map(({ name }) => name.replace('@statewire/', '')).join(',');
if ((await nx(['run-many', '-t', 'build', '-p', projects])) !== 0) fail('The build failed; see above.');

rmSync(TARBALLS, { recursive: true, force: true });
mkdirSync(TARBALLS, { recursive: true });
const identity = readIdentity();
for (const entry of packages) {
  pack(entry, identity);
  console.log(entry.tarball);
}
rmSync(join(TARBALLS, 'staging'), { recursive: true, force: true });

const codeOwners = codeOwnersText(identity);
if (codeOwners) writeFileSync(join(root, '.github/CODEOWNERS'), codeOwners);
