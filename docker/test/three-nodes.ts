import { afterAll, beforeAll } from '@jest/globals';
import { PostgresServer, postgresSkipReason, RedisServer, skipReason } from '@statewire/verification/servers';

import { ArenaNodes } from './arena-nodes.js';
import { ArenaServer } from './arena-server.js';
import { startHaproxy } from './haproxy.js';
import { Nginx } from './nginx.js';
import { missingProxy, type ProxyTarget } from './proxy-process.js';

interface Proxy {
  readonly name: string;
  /** Why the tests with this proxy are skipped. */
  readonly missing: string | undefined;
  start(target: ProxyTarget): Promise<{ readonly origin: string }>;
}

interface Broker {
  readonly name: string;
  /** Why the tests with this server are skipped. */
  readonly missing: string | undefined;
  start(): Promise<{ readonly url: string; dispose(): Promise<void> }>;
}

/** The proxies whose configurations the project has. */
export const PROXIES: readonly Proxy[] = [
  { name: 'nginx', missing: missingProxy('nginx', 'nginx-light'), start: (target) => Nginx.start(target) },
  { name: 'HAProxy', missing: missingProxy('haproxy', 'haproxy'), start: startHaproxy },
];

export const REDIS: Broker = { name: 'Redis', missing: skipReason, start: () => RedisServer.start() };
export const POSTGRES: Broker = {
  name: 'PostgreSQL',
  missing: postgresSkipReason,
  start: () => PostgresServer.start(),
};

/** Starts three nodes on a server of their own before the tests of a block, and ends them afterwards. */
export function useThreeNodes({ missing, start }: Broker): () => ArenaNodes {
  let server: Awaited<ReturnType<Broker['start']>> | undefined;
  let nodes: ArenaNodes | undefined;

  beforeAll(async () => {
    if (missing !== undefined) return;
    server = await start();
    nodes = await ArenaNodes.start(server.url);
  });

  afterAll(async () => {
    await nodes?.stop();
    await ArenaServer.stopAll();
    await server?.dispose();
  });

  return () => nodes!;
}
