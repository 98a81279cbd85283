import { spawn } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

export const root = join(import.meta.dirname, '..', '..');

const supported = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).engines.node;

/** Angular and Nest reject older versions with errors that name neither the cause nor the remedy. */
export function requireSupportedNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  const fits = (major === 20 && minor >= 19) || (major === 22 && minor >= 12) || major >= 24;
  if (!fits) fail(`Statewire needs Node ${supported}; this is ${process.version}. The newest LTS is a good choice.`);
}

export function fail(message) {
  console.error(`\n${message}\n`);
  process.exit(1);
}

/** Runs `npm ci` unless npm has installed since the lock file was last written. */
export async function ensureInstalled() {
  const writtenByNpm = join(root, 'node_modules/.package-lock.json');
  const lock = statSync(join(root, 'package-lock.json'));
  if (existsSync(writtenByNpm) && statSync(writtenByNpm).mtimeMs >= lock.mtimeMs) return;
  console.log('Installing dependencies (npm ci) …');
  const code = await run(...npm(['ci', '--no-audit', '--no-fund']));
  if (code !== 0) fail('npm ci failed; its output is above.');
}

/**
 * Returns the arguments that start npm with `spawn` or `execFileSync`: the npm that runs this script, or the one on the path.
 *
 * @param {object} [options] of the child process.
 */
export function npm(args, options) {
  const current = process.env.npm_execpath;
  if (current) return [process.execPath, [current, ...args], options];
  return ['npm', args, { ...options, shell: process.platform === 'win32' }];
}

/** Runs Nx without a daemon that would outlive the command. */
export function nx(args, env = {}) {
  return run(process.execPath, [join(root, 'node_modules/nx/dist/bin/nx.js'), ...args], {
    env: { ...process.env, NX_DAEMON: 'false', NX_TUI: 'false', ...env },
  });
}

/** Starts a program in the workspace and resolves with its exit code; signals to us are passed on. */
export function run(command, args, options = {}) {
  const child = start(command, args, options);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code, signal) => resolve(code ?? (signal ? 1 : 0)));
  });
}

export function start(command, args, options = {}) {
  const child = spawn(command, args, { cwd: root, stdio: 'inherit', ...options });
  const pass = (signal) => child.kill(signal);
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, pass);
  child.on('exit', () => {
    for (const signal of ['SIGINT', 'SIGTERM']) process.off(signal, pass);
  });
  return child;
}
