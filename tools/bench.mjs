import { ensureInstalled, fail, nx, requireSupportedNode, run } from './lib/workspace.mjs';

requireSupportedNode();
await ensureInstalled();
if ((await nx(['run-many', '-t', 'build', '-p', 'bench'])) !== 0) fail('The build failed; see above.');
process.exit(await run(process.execPath, ['--expose-gc', 'bench/dist/main.js', ...process.argv.slice(2)]));
