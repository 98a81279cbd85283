import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');

export interface BundleSize {
  readonly name: string;
  /** Bytes, minified by esbuild and compressed with gzip. */
  readonly size: number;
  readonly sizeLimit?: number;
}

/** The bundles of `.size-limit.json`, as `npm run size` measures them. */
export function bundleSizes(): readonly BundleSize[] {
  const program = join(ROOT, 'node_modules/size-limit/bin.js');
  const { stdout } = spawnSync(process.execPath, [program, '--json'], { cwd: ROOT, encoding: 'utf8' });
  return JSON.parse(stdout) as BundleSize[];
}
