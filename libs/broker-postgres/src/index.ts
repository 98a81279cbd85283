export { migrate, type MigrateOptions, type SqlClient } from './migrate.js';
export type { PostgresBrokerOptions, PostgresConnectionOptions } from './options.js';
export { postgresBroker } from './postgres-broker.js';
