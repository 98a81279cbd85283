/**
 * Server and client with live reload: the server runs from the sources of all its libraries and restarts when one
 * changes; Angular's server serves the client on 59001 and proxies the rest to 59002.
 */
import { join } from 'node:path';

import { ensureInstalled, requireSupportedNode, root, start } from './lib/workspace.mjs';

requireSupportedNode();
await ensureInstalled();

const server = ['--watch', '--conditions=source', '--enable-source-maps', '--import', './dev/register.mjs'];
const children = [
  start(process.execPath, [...server, 'src/main.ts'], {
    cwd: join(root, 'backend'),
    // A restart that drained its clients for seconds would be no live reload.
    env: { ARENA_CHAOS: 'true', ARENA_DRAIN_SECONDS: '0', ...process.env },
  }),
  start(process.execPath, [join(root, 'node_modules/@angular/cli/bin/ng.js'), 'serve'], {
    cwd: join(root, 'frontend'),
    stdio: ['ignore', 'inherit', 'inherit'],
  }),
];

for (const child of children) {
  child.once('exit', (code, signal) => {
    for (const other of children) if (other !== child) other.kill('SIGTERM');
    if (!signal && code) process.exitCode = code;
  });
}
