/** Checks the tarballs of `npm run pack`: their manifests with publint, the types of each entry point with attw. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';

import { publishedPackages } from './lib/published-package.mjs';
import { fail, root } from './lib/workspace.mjs';

const CHECKS = {
  publint: { script: 'publint/src/cli.js', args: ['--strict'] },
  // The packages are ES modules only, as Nest 12 and Angular are.
  attw: { script: '@arethetypeswrong/cli/dist/index.js', args: ['--profile', 'esm-only'] },
};

let failed = false;
for (const { name, tarball } of publishedPackages()) {
  if (!existsSync(tarball)) fail(`${name} is not packed. Run npm run pack first.`);
  for (const [check, { script, args }] of Object.entries(CHECKS)) {
    const path = join(root, 'node_modules', script);
    const { status, stdout, stderr } = spawnSync(process.execPath, [path, relative(root, tarball), ...args], {
      cwd: root,
      encoding: 'utf8',
    });
    console.log(`${name}: ${check} ${status === 0 ? 'finds nothing' : `ends with ${status}`}`);
    if (status === 0) continue;
    failed = true;
    console.log(stdout + stderr);
  }
}
if (failed) fail('A package cannot be published like this; see above.');
