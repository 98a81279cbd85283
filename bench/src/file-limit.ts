import { spawnSync } from 'node:child_process';

import type { RunLog } from './scenario.js';

/** Files that a process needs besides its sockets. */
const RESERVE = 200;

/** The number of clients, at most `wanted`, whose sockets one process can open. Fewer are told in the log. */
export function maxClients(log: RunLog, arm: string, wanted: number): number {
  const limit = Number(spawnSync('sh', ['-c', 'ulimit -n'], { encoding: 'utf8' }).stdout);
  const max = Number.isNaN(limit) ? wanted : Math.min(wanted, limit - RESERVE);
  if (max < wanted) log.leaveOut(`${arm}, ${wanted} clients`, `a process may open ${limit} files; see "ulimit -n"`);
  return max;
}
