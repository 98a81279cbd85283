import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** Runs a script that writes lines of JSON, outside of Jest. A large young generation suits its short-lived objects. */
export async function runChild(script: string, ...parameters: string[]): Promise<readonly unknown[]> {
  const flags = ['--conditions=source', '--max-semi-space-size=64'];
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, script, ...parameters], {
    env: { ...process.env, NODE_OPTIONS: '' },
    maxBuffer: 2 ** 24,
  });
  const lines = stdout.split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as unknown);
}
