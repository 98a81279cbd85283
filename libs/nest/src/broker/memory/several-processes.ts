import cluster from 'node:cluster';

/**
 * Returns the place of this process among several of the same application; undefined if it seems to be the only one.
 * PM2 numbers its instances from 0, also in its fork mode. A first instance may be the only one.
 *
 * @param worker the number of the worker in `node:cluster`, which PM2 uses in its cluster mode.
 * @param instance the number that PM2 gives an instance in `NODE_APP_INSTANCE`.
 */
export function oneOfSeveralProcesses(
  worker: number | undefined = cluster.worker?.id,
  instance: string | undefined = process.env.NODE_APP_INSTANCE,
): string | undefined {
  if (worker !== undefined) return `worker ${worker} of node:cluster`;
  if (instance === undefined || instance === '' || instance === '0') return undefined;
  return `the process with NODE_APP_INSTANCE=${instance}`;
}
