import cluster from 'node:cluster';

type Variables = Readonly<Record<string, string | undefined>>;

/**
 * Returns the place of this process among several of the same application; undefined if it seems to be the only one.
 *
 * PM2 passes its description of a process on as environment variables, in its fork mode too: `pm_id`, the number of
 * `instances`, and in `NODE_APP_INSTANCE` a number from 0. It keeps `instances` when `pm2 scale` adds others, so a
 * further instance is known by its number.
 *
 * @param worker the number of the worker in `node:cluster`, which PM2 uses in its cluster mode.
 * @param variables the environment variables of the process.
 */
export function oneOfSeveralProcesses(
  worker: number | undefined = cluster.worker?.id,
  variables: Variables = process.env,
): string | undefined {
  if (worker !== undefined) return `worker ${worker} of node:cluster`;
  const { NODE_APP_INSTANCE: instance = '', instances, pm_id: id } = variables;
  if (instance !== '' && instance !== '0') return `the process with NODE_APP_INSTANCE=${instance}`;
  return id !== undefined && Number(instances) > 1 ? `one of ${instances} instances of PM2` : undefined;
}
