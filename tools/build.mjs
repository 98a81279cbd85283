import { ensureInstalled, nx, requireSupportedNode } from './lib/workspace.mjs';

requireSupportedNode();
await ensureInstalled();
process.exit(await nx(['run-many', '-t', 'build', ...process.argv.slice(2)]));
