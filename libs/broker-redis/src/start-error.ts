import { messageOf, ServerRefusedError } from '@statewire/nest/broker';

import { nameOf } from './cluster.js';
import type { ResolvedRedisBrokerOptions } from './options.js';

/** Whether another attempt would meet the error again. */
export function isFinal(error: unknown): boolean {
  return error instanceof ServerRefusedError || /\b(WRONGPASS|NOAUTH|NOPERM)\b/.test(messageOf(error));
}

/** The error of a start that failed. Says what was tried. */
export function startError(error: unknown, attempts: number, options: ResolvedRedisBrokerOptions): Error {
  const tried = `${addressOf(options)}, ${attempts} ${attempts === 1 ? 'attempt' : 'attempts'}`;
  const within = isFinal(error) ? '' : ` within ${options.startTimeoutMs} ms`;
  return new Error(
    `The Redis broker could not start${within} (${tried}): ${messageOf(error)}. ` +
      'Check that the server runs, that the address is right, and that the user may use it.',
    { cause: error },
  );
}

/** The address without credentials. */
function addressOf({ url, sentinel, cluster, client: { socket } }: ResolvedRedisBrokerOptions): string {
  if (cluster !== undefined) return `the cluster of ${cluster.rootNodes.map(nameOf).join(', ')}`;
  if (sentinel !== undefined)
    return `the master "${sentinel.name}" of the sentinels ${sentinel.nodes.map(nameOf).join(', ')}`;
  if (url === undefined) {
    const { host = 'localhost', port = 6379, path } = (socket ?? {}) as { host?: string; port?: number; path?: string };
    return path ?? `${host}:${port}`;
  }
  if (!URL.canParse(url)) return 'an address that is no URL';
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname}`;
}
