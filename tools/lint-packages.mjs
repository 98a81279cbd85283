/** Checks the tarballs of `npm run pack`: their manifests with publint, the types of each entry point with attw. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';

import { publishedPackages } from './lib/published-package.mjs';
import { fail, root } from './lib/workspace.mjs';

const PUBLINT = { script: 'publint/src/cli.js', args: ['--strict'] };
const ATTW = '@arethetypeswrong/cli/dist/index.js';

/** The packages are ES modules only, as Nest 12 is. CommonJS loads them with `require`, and finds their types. */
const NODE_CHECKS = { publint: PUBLINT, attw: { script: ATTW, args: ['--ignore-rules', 'cjs-resolves-to-esm'] } };
/** Angular has no CommonJS. */
const ANGULAR_CHECKS = { publint: PUBLINT, attw: { script: ATTW, args: ['--profile', 'esm-only'] } };

let failed = false;
for (const { name, directory, tarball } of publishedPackages()) {
  if (!existsSync(tarball)) fail(`${name} is not packed. Run npm run pack first.`);
  const checks = existsSync(join(root, directory, 'ng-package.json')) ? ANGULAR_CHECKS : NODE_CHECKS;
  for (const [check, { script, args }] of Object.entries(checks)) {
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
