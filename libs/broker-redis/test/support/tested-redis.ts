import { join } from 'node:path';

import { TOPIC, type TestedBroker } from '@statewire/verification/brokers';
import { until } from '@statewire/verification/faults';
import { RedisServer, skipReason } from '@statewire/verification/servers';

import { redisBroker } from '../../src/index.js';
import { Keys } from '../../src/keys.js';
import { startNode } from './test-node.js';

/** The keys of the topic that two nodes follow in the tests of faults. */
export const TOPIC_KEYS = new Keys('sw').topic(TOPIC);

/** Redis for the suites that all brokers run. */
export const testedRedis: TestedBroker<RedisServer> = {
  name: 'Redis',
  skipReason,
  wipes: [
    ['all keys', (server) => server.admin((send) => send('FLUSHALL'))],
    ['the scripts', (server) => server.admin((send) => send('SCRIPT', 'FLUSH'))],
    ['the topic', (server) => server.admin((send) => send('DEL', TOPIC_KEYS.record, TOPIC_KEYS.log))],
    ['the log of the topic', (server) => server.admin((send) => send('DEL', TOPIC_KEYS.log))],
    ['the lineage', (server) => server.admin((send) => send('DEL', new Keys('sw').lineage(TOPIC_KEYS.partition)))],
  ],
  replicaHasValues: true,
  unreachable: /The Redis broker could not start within 1000 ms \(redis:\/\/127\.0\.0\.1:\d+, \d+ attempts?\): /,
  nodeScript: join(import.meta.dirname, 'rolling-node.ts'),

  startServer: (place) => (place === undefined ? RedisServer.start() : RedisServer.startOn(place.machine, place.host)),

  startReplica: async (other, place) => {
    const follow = ['--replicaof', place?.otherHost ?? other.host, String(other.port)];
    const server = await (place === undefined
      ? RedisServer.start(...follow)
      : RedisServer.startOn(place.machine, place.host, ...follow));
    return {
      server,
      detach: async () => {
        await untilReplicated(other, server);
        await server.admin((send) => send('REPLICAOF', 'NO', 'ONE'));
      },
      promote: async () => {
        await server.admin((send) => send('REPLICAOF', 'NO', 'ONE'));
      },
      demoteOther: async (host = server.host) => {
        await other.admin((send) => send('REPLICAOF', host, String(server.port)));
      },
    };
  },

  startNode: (url, options, context) => startNode(url, options, context),
  create: (url, options) => redisBroker({ ...options, url }),

  tell: async (server, to, message) => {
    const channel = channelOf(to);
    await until(
      () => server.admin(async (send) => Number(await send('SPUBLISH', channel, message)) > 0),
      `a node that listens to ${channel}`,
    );
  },

  now: async (server) => {
    const [seconds] = (await server.admin((send) => send('TIME'))) as string[];
    return Number(seconds) * 1_000;
  },
};

function channelOf(to: Parameters<TestedBroker['tell']>[1]): string {
  const keys = new Keys('sw');
  if ('topic' in to) return keys.topic(to.topic).channel;
  return 'claim' in to ? keys.claim(to.claim).key : keys.node(to.node).channel;
}

/** Resolves when a replica has all that its master has. */
async function untilReplicated(master: RedisServer, replica: RedisServer): Promise<void> {
  const offsetOf = (server: RedisServer, name: string): Promise<string | undefined> =>
    server.admin(async (send) => new RegExp(`${name}:(\\d+)`).exec(String(await send('INFO', 'replication')))?.[1]);
  const isUp = (): Promise<boolean> =>
    replica.admin(async (send) => String(await send('INFO', 'replication')).includes('master_link_status:up'));
  await until(
    async () =>
      (await isUp()) &&
      (await offsetOf(replica, 'slave_repl_offset')) === (await offsetOf(master, 'master_repl_offset')),
    () => 'the replication',
  );
}
