/**
 * Builds a fresh application from the tarballs of `npm run pack` for each supported major version of Nest and each module
 * system, and runs it: it connects, acts, is rejected by a guard, falls back to polling, and runs in a simulation. One of them
 * also runs on Fastify. Nest 12 is the one of the workspace. `verification/consumers/nest-11` has the lock file of Nest 11.
 */
import { execFile, execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { publishedPackages, unpack } from './lib/published-package.mjs';
import { fail, npm, root } from './lib/workspace.mjs';

const SOURCES = join(root, 'verification/consumers');
const OPTIONS = {
  strict: true,
  skipLibCheck: true,
  experimentalDecorators: true,
  emitDecoratorMetadata: true,
  outDir: 'dist',
};
/** As `nest new` of Nest 11 and of Nest 12 writes them. */
const MODULE_SYSTEMS = {
  commonjs: { type: 'commonjs', compilerOptions: { ...OPTIONS, module: 'commonjs', target: 'ES2021' } },
  esm: { type: 'module', compilerOptions: { ...OPTIONS, module: 'nodenext', target: 'ES2023' } },
};

const packages = publishedPackages().filter(({ directory }) => !existsSync(join(root, directory, 'ng-package.json')));
const missing = packages.filter(({ tarball }) => !existsSync(tarball));
if (missing.length > 0) fail(`${missing.map(({ name }) => name).join(', ')} is not packed. Run npm run pack first.`);

const work = join(root, 'tmp/consumers');
rmSync(work, { recursive: true, force: true });
for (const major of [11, 12]) {
  const folder = join(work, `nest-${major}`);
  mkdirSync(folder, { recursive: true });
  if (major === 11) install(folder);
  else for (const entry of packages) unpack(entry, join(folder, 'node_modules', entry.name));
  await Promise.all(
    Object.entries(MODULE_SYSTEMS).map(async ([system, settings]) => {
      const hasFastify = major === 12 && system === 'commonjs';
      const said = await buildAndRun(join(folder, system), settings, hasFastify);
      console.log(`Nest ${major}, ${system}: the application ${said.join(', ')}`);
    }),
  );
}

/** Installs Nest 11 and the tarballs, as a user does. It fails if the peer dependencies do not allow Nest 11. */
function install(folder) {
  for (const file of ['package.json', 'package-lock.json']) cpSync(join(SOURCES, 'nest-11', file), join(folder, file));
  const flags = ['--no-save', '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error'];
  const tarballs = packages.map(({ tarball }) => tarball);
  execFileSync(...npm(['install', ...flags, ...tarballs], { cwd: folder, stdio: 'inherit' }));
}

/** @returns what the programs of the application print. */
async function buildAndRun(folder, { type, compilerOptions }, hasFastify) {
  cpSync(join(SOURCES, 'application'), folder, { recursive: true });
  if (!hasFastify) rmSync(join(folder, 'fastify.ts'));
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, type }));
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions }));
  const run = async (program) => {
    const { stdout } = await promisify(execFile)(process.execPath, [program], { cwd: folder });
    return stdout.trim();
  };
  try {
    await run(join(root, 'node_modules/typescript/bin/tsc'));
    const said = [await run('dist/main.js'), await run('dist/simulated.js')];
    if (hasFastify) said.push(`${await run('dist/fastify.js')} on Fastify`);
    return said;
  } catch (error) {
    return fail(`The application in ${folder} failed: ${error.message}\n${error.stdout}`);
  }
}
