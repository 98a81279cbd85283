/**
 * Server and client with live reload: compilers watch the server's projects, Node restarts it when their output
 * changes, and Angular's server serves the client on 59001 and proxies the rest to 59002.
 */
import { join } from 'node:path';

import { ensureInstalled, fail, nx, requireSupportedNode, root, start } from './lib/workspace.mjs';

const SERVER_PROJECTS = ['libs/protocol', 'libs/arena', 'libs/nest', 'backend'];

requireSupportedNode();
await ensureInstalled();
if ((await nx(['run-many', '-t', 'build', '-p', 'backend'])) !== 0) fail('The build failed; see above.');

const tsc = join(root, 'node_modules/typescript/bin/tsc');
const ng = join(root, 'node_modules/@angular/cli/bin/ng.js');
const env = { ARENA_CHAOS: 'true', ...process.env };
const children = [
  ...SERVER_PROJECTS.map((folder) =>
    start(process.execPath, [tsc, '-p', 'tsconfig.lib.json', '--watch', '--preserveWatchOutput'], {
      cwd: join(root, folder),
      stdio: ['ignore', 'inherit', 'inherit'],
    }),
  ),
  start(process.execPath, ['--watch', '--enable-source-maps', 'backend/dist/main.js'], { env }),
  start(process.execPath, [ng, 'serve'], { cwd: join(root, 'frontend'), stdio: ['ignore', 'inherit', 'inherit'], env }),
];

for (const child of children) {
  child.once('exit', (code, signal) => {
    for (const other of children) if (other !== child) other.kill('SIGTERM');
    if (!signal && code) process.exitCode = code;
  });
}
