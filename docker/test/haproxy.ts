import { join } from 'node:path';

import { freePort } from '@statewire/verification/servers';

import { ProxyProcess, type ProxyTarget } from './proxy-process.js';

const configuration = join(import.meta.dirname, '../haproxy/haproxy.cfg');

/** Debian's HAProxy running the very configuration of the compose file. */
export async function startHaproxy({
  host,
  port: backendPort,
  nameServer = '127.0.0.1:53',
}: ProxyTarget): Promise<ProxyProcess> {
  const port = await freePort();
  return ProxyProcess.start(port, () => ({
    command: 'haproxy',
    args: ['-q', '-f', configuration],
    env: {
      PORT: `127.0.0.1:${port}`,
      BACKEND: `${host}:${backendPort}`,
      PAGES: '127.0.0.1:9',
      RESOLVER: nameServer,
      PROXY_TIMEOUT: '120s',
    },
  }));
}
