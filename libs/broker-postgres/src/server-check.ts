import { ServerRefusedError } from '@statewire/nest/broker';

import type { PostgresConnection } from './connection.js';

/** `schema.sql` uses what older servers do not have. */
const OLDEST_MAJOR_VERSION = 15;
/** Largest part of `server_version_num` below the major version. */
const VERSIONS_PER_MAJOR = 10_000;

/**
 * Checks the version and the state of the server, and the encoding of the database.
 *
 * @throws ServerRefusedError
 */
export async function checkServer(connection: PostgresConnection): Promise<void> {
  const [row] = await connection.query({
    text: `select current_setting('server_version') as version, current_setting('server_version_num')::int as number,
      current_setting('server_encoding') as encoding, pg_is_in_recovery() as standby,
      current_setting('transaction_read_only') = 'on' as readonly`,
  });
  const { encoding, number, readonly, standby, version } = row as Readonly<Record<string, unknown>>;
  if (Math.floor(Number(number) / VERSIONS_PER_MAJOR) < OLDEST_MAJOR_VERSION) {
    throw new ServerRefusedError(
      `the server is PostgreSQL ${String(version)}, and the broker needs version ${OLDEST_MAJOR_VERSION}`,
    );
  }
  if (standby === true) throw new ServerRefusedError('the server is a standby, and the broker needs the primary');
  if (readonly === true) throw new ServerRefusedError('the transactions of the user are read-only');
  if (encoding !== 'UTF8') {
    throw new ServerRefusedError(`the encoding of the database is ${String(encoding)}, and the broker needs UTF8`);
  }
}
