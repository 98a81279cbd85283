/**
 * Packs every library as it would be published, unpacks the tarballs as a consumer would have them, and imports each
 * with plain Node: mistakes of ES modules can compile and pass Jest and still fail here.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { fail, root } from './lib/workspace.mjs';

const PACKAGES = {
  protocol: { folder: 'libs/protocol', entries: { '.': ['parseClientFrame', 'diff', 'applyDelta', 'stateTopic'] } },
  client: {
    folder: 'libs/client',
    entries: {
      '.': ['createRealtimeClient'],
      './internal': ['applyUpdate', 'listUpdates'],
      './testing': ['VirtualEnvironment', 'SimulatedNetwork'],
    },
  },
  nest: {
    folder: 'libs/nest',
    entries: { '.': ['RealtimeModule', 'RealtimeBus', 'OnTopic'], './testing': ['simulate'] },
  },
  angular: {
    folder: 'libs/angular/dist',
    entries: {
      '.': ['provideRealtime', 'injectTopic'],
      './testing': ['provideRealtimeTesting', 'provideRealtimeSimulation'],
    },
  },
};

// Inside the workspace, so that frameworks resolve to the ones installed here.
const consumer = join(root, 'tmp/smoke');
rmSync(consumer, { recursive: true, force: true });
mkdirSync(consumer, { recursive: true });

for (const [name, { folder }] of Object.entries(PACKAGES)) {
  const npm = process.env.npm_execpath;
  const args = ['pack', '--json', '--silent', '--pack-destination', consumer];
  const options = { cwd: join(root, folder), encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] };
  const output = npm ? execFileSync(process.execPath, [npm, ...args], options) : execFileSync('npm', args, options);
  const [{ filename, files }] = [JSON.parse(output)]
    .flat()
    .flatMap((entry) => (entry.filename ? [entry] : Object.values(entry)));
  if (files.some(({ path }) => path.endsWith('.spec.js'))) fail(`${name}: tests are in the package`);
  const target = join(consumer, 'node_modules/@statewire', name);
  mkdirSync(target, { recursive: true });
  execFileSync('tar', ['-xzf', join(consumer, filename), '-C', target, '--strip-components=1']);
  JSON.parse(readFileSync(join(target, 'package.json'), 'utf8'));
}

for (const [name, { entries }] of Object.entries(PACKAGES)) {
  for (const [entry, expected] of Object.entries(entries)) {
    const specifier = `@statewire/${name}${entry.slice(1)}`;
    const script = join(consumer, `import-${name}${entry.replace(/\W/g, '_')}.mjs`);
    const prelude =
      name === 'angular' ? `import '@angular/compiler';\n` : name === 'nest' ? `import 'reflect-metadata';\n` : '';
    writeFileSync(
      script,
      `${prelude}import * as library from '${specifier}';
const missing = ${JSON.stringify(expected)}.filter((name) => !(name in library));
if (missing.length > 0) throw new Error('${specifier} does not export ' + missing.join(', '));
const from = import.meta.resolve('${specifier}');
if (!from.includes('/tmp/smoke/node_modules/')) throw new Error('${specifier} came from ' + from);
console.log('${specifier}: ' + Object.keys(library).length + ' exports');
`,
    );
    execFileSync(process.execPath, [script], { cwd: consumer, stdio: 'inherit' });
  }
}
