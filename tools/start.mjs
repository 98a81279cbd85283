import { createServer } from 'node:net';

import { ensureInstalled, fail, nx, requireSupportedNode, run } from './lib/workspace.mjs';

const port = Number(process.env.PORT ?? 59002);

requireSupportedNode();
await ensureInstalled();
if (!(await isFree(port))) {
  fail(`Port ${port} is taken. Stop what listens there, or choose another: set PORT, for example PORT=59012.`);
}
if ((await nx(['run-many', '-t', 'build', '-p', 'backend,frontend'])) !== 0) fail('The build failed; see above.');
process.exit(
  await run(process.execPath, ['--enable-source-maps', 'backend/dist/main.js'], {
    env: { ARENA_CHAOS: 'true', ...process.env, PORT: String(port) },
  }),
);

function isFree(candidate) {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(candidate, () => probe.close(() => resolve(true)));
  });
}
