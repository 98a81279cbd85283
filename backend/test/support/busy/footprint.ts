import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

export interface Footprint {
  /** MiB of the heap that are in use after everything was collected. */
  readonly heap: number;
  /** MiB of buffers outside the heap. */
  readonly external: number;
  /** MiB that the process takes. */
  readonly rss: number;
  /** Handles, timers and requests that keep the process alive, by kind. */
  readonly resources: Readonly<Record<string, number>>;
}

const MIB = 2 ** 20;

/** What this process holds. Collects garbage first, as `--expose-gc` would allow. */
export function footprint(): Footprint {
  collectGarbage();
  const { heapUsed, external, rss } = process.memoryUsage();
  const resources: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) resources[kind] = (resources[kind] ?? 0) + 1;
  return { heap: heapUsed / MIB, external: external / MIB, rss: rss / MIB, resources };
}

function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  for (let pass = 0; pass < 3; pass += 1) collect();
}
