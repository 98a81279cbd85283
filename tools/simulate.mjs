/** Plays random histories of server and clients: `npm run simulate -- --histories 100000 [--seed N]`. */
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { readSeed } from './lib/seed.mjs';
import { ensureInstalled, requireSupportedNode, root, run } from './lib/workspace.mjs';

const { values } = parseArgs({
  options: { histories: { type: 'string', default: '10000' }, seed: { type: 'string' } },
});

requireSupportedNode();
await ensureInstalled();
const jest = join(root, 'node_modules/jest/bin/jest.js');
const options = ['--experimental-vm-modules', '--no-warnings=ExperimentalWarning'];
process.exit(
  await run(process.execPath, [...options, jest, '--runInBand', 'histories/histories.spec.ts'], {
    cwd: join(root, 'verification'),
    env: {
      ...process.env,
      STATEWIRE_HISTORIES: values.histories,
      STATEWIRE_SEED: values.seed ?? String(readSeed()),
    },
  }),
);
