import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { ensureInstalled, fail, npm, nx, requireSupportedNode, root, run } from './lib/workspace.mjs';

const [first, ...others] = process.argv.slice(2);
const isGate = first === '--gate';
const args = isGate ? others : process.argv.slice(2);

requireSupportedNode();
await ensureInstalled();
if ((await nx(['run-many', '-t', 'build', '-p', 'bench'])) !== 0) fail('The build failed; see above.');
if (!isGate) installPeers();
const program = isGate ? 'bench/dist/gate/main.js' : 'bench/dist/main.js';
const code = await run(process.execPath, ['--expose-gc', program, ...args]);
if (code === 0 && args.includes('--write')) {
  await run(process.execPath, [join(root, 'node_modules/prettier/bin/prettier.cjs'), '--write', 'docs/performance.md']);
}
process.exit(code);

/** The servers that only the bench compares with. Without them it leaves out their arms. No script of a package runs. */
function installPeers() {
  const folder = join(root, 'bench/peers');
  if (existsSync(join(folder, 'node_modules/.package-lock.json'))) return;
  const options = { cwd: folder, stdio: 'inherit' };
  spawnSync(...npm(['ci', '--ignore-scripts', '--no-audit', '--no-fund'], options));
}
