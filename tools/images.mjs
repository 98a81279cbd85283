/**
 * Checks the Dockerfiles on a machine without Docker. It carries out the instructions of every stage in plain folders, starts
 * the command of the backend's image, runs the image's health check, and looks for files that must or must not be there.
 *
 * Only `docker build` and `docker run` check the rest: {@link NOT_CHECKED}.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

import { buildStages, inside } from './lib/dockerfile.mjs';
import { fail, root, start } from './lib/workspace.mjs';

// Outside the workspace: nothing may be found in its node_modules by climbing up.
const target = join(tmpdir(), `statewire-images-${process.pid}`);
process.on('exit', () => rmSync(target, { recursive: true, force: true }));

const NOT_CHECKED = [
  'that the base images exist, and their Node, nginx and system libraries (this machine has others)',
  'that the user `node` may read and write what it needs (all commands run as the current user)',
  '.dockerignore, layers, caches, exposed ports and the size of the image',
  'that nginx of the image starts with its template',
  'other processor architectures',
];

await checkBackend();
checkFrontend();
console.log('\nThis was no image build. Only `docker build` and `docker run` check:');
for (const each of NOT_CHECKED) console.log(`- ${each}`);

async function checkBackend() {
  const stages = buildStages(join(root, 'docker/backend.Dockerfile'), root, join(target, 'backend'));
  const runtime = stages.get('runtime');
  if (runtime.user !== 'node') fail('The backend image runs as root.');
  for (const absent of ['typescript', 'jest', 'nx', '@angular/core']) {
    if (existsSync(inside(runtime, `node_modules/${absent}`))) fail(`The backend image carries ${absent}.`);
  }
  const env = { ...process.env, ...runtime.env, HOST: '127.0.0.1', PORT: String(await freePort()) };
  const [command, ...args] = runtime.command;
  const server = start(command, args, { cwd: inside(runtime, '.'), env });
  try {
    await healthy(runtime, env);
  } finally {
    server.kill('SIGTERM');
  }
  const code = await new Promise((resolve) => server.once('exit', resolve));
  if (code !== 0) fail(`The backend image ended with ${code} on SIGTERM.`);
  console.log('backend Dockerfile: all stages run; the command starts, is healthy, and ends with 0 on SIGTERM');
}

async function healthy({ health: [command, ...args] }, env) {
  for (let attempt = 1; ; attempt += 1) {
    try {
      execFileSync(command, args, { env, stdio: 'ignore' });
      return;
    } catch (error) {
      if (attempt === 40) throw error;
      await wait(250);
    }
  }
}

function checkFrontend() {
  const stages = buildStages(join(root, 'docker/frontend.Dockerfile'), root, join(target, 'frontend'));
  const runtime = stages.get('runtime');
  const html = readdirSync(inside(runtime, runtime.env.CLIENT_ROOT));
  if (!html.includes('index.html')) fail('The frontend image has no index.html.');
  if (!existsSync(inside(runtime, '/etc/nginx/templates/default.conf.template')))
    fail('The frontend image has no nginx configuration.');
  console.log(`frontend Dockerfile: all stages run; ${html.length} files and the nginx template are in place`);
}

function freePort() {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}
