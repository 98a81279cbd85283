import { join } from 'node:path';

import { TOPIC, type TestedBroker } from '@statewire/verification/brokers';
import { postgresSkipReason, PostgresServer } from '@statewire/verification/servers';

import { postgresBroker } from '../../src/index.js';
import { digestOf, nodeChannel, topicChannel, wakeChannel } from '../../src/names.js';
import { startNode } from './test-node.js';

const SCHEMA = 'statewire';
const ALL_TABLES = ['topic', 'log', 'batch', 'life', 'node'].map((table) => `${SCHEMA}.${table}`);

/** PostgreSQL for the suites that all brokers run. */
export const testedPostgres: TestedBroker<PostgresServer> = {
  name: 'PostgreSQL',
  skipReason: postgresSkipReason,
  wipes: [
    ['all tables', (server) => server.query(`truncate ${ALL_TABLES.join(', ')}`)],
    ['the topics and histories', (server) => server.query('truncate statewire.topic, statewire.log')],
    ['the topics', (server) => server.query('truncate statewire.topic')],
    ['the row of the topic', (server) => server.query('delete from statewire.topic where name = $1', [TOPIC])],
    ['the history', (server) => server.query('delete from statewire.log')],
    ['the record of when the data became complete', (server) => server.query('delete from statewire.life')],
  ],
  replicaHasValues: false,
  unreachable:
    /The PostgreSQL broker could not start within 1000 ms \(postgres:\/\/127\.0\.0\.1:\d+\/postgres, schema statewire, \d+ attempts?\): /,
  nodeScript: join(import.meta.dirname, 'rolling-node.ts'),

  startServer: (place) =>
    place === undefined ? PostgresServer.start() : PostgresServer.startOn(place.machine, place.host),

  startReplica: async (other, place) => {
    const server = await PostgresServer.startStandby(other, place);
    return {
      server,
      detach: async () => server.freeze(),
      promote: async () => {
        server.thaw();
        server.promote();
      },
      // A primary never becomes a standby while it runs.
      demoteOther: () => other.stop(),
    };
  },

  startNode: (url, options, context) => startNode(url, options, context),
  create: (url, options) => postgresBroker({ ...options, connectionString: url }),

  tell: async (server, to, message) => {
    const [channel, text] = notificationOf(to, message);
    await server.query('select pg_notify($1, $2)', [channel, text]);
  },

  now: async (server) => {
    const { rows } = await server.query('select extract(epoch from clock_timestamp()) * 1000 as now');
    return Number((rows[0] as { now: string }).now);
  },
};

/** All nodes listen to the channels of topics and of claims while they run. */
function notificationOf(to: Parameters<TestedBroker['tell']>[1], message: string): [channel: string, text: string] {
  if ('topic' in to) return [topicChannel(SCHEMA, to.topic), message];
  return 'claim' in to
    ? [wakeChannel(SCHEMA), `C ${digestOf(to.claim)} ${message}`]
    : [nodeChannel(SCHEMA, to.node), message];
}
