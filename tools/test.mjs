import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { reportTotals } from './lib/test-totals.mjs';
import { chosenSeed } from './lib/seed.mjs';
import { ensureInstalled, nx, requireSupportedNode, root } from './lib/workspace.mjs';

const { values } = parseArgs({ options: { full: { type: 'boolean', default: false }, coverage: { type: 'boolean' } } });

requireSupportedNode();
await ensureInstalled();
rmSync(join(root, 'dist/test-results'), { recursive: true, force: true });
const code = await nx(
  [
    'run-many',
    '-t',
    'test',
    '--exclude',
    'statewire',
    '--output-style',
    'stream',
    ...(values.coverage ? ['--coverage'] : []),
  ],
  { ...(values.full && { STATEWIRE_TEST_TIER: 'full' }), ...chosenSeed() },
);
process.exit(reportTotals() && code === 0 ? 0 : 1);
