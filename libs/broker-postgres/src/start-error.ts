import { messageOf } from '@statewire/nest/broker';

import { isFinal } from './errors.js';
import type { ResolvedPostgresBrokerOptions } from './options.js';

/** The one error of a start that failed. It says what was tried, without the password. */
export function startError(error: unknown, attempts: number, options: ResolvedPostgresBrokerOptions): Error {
  const tried = `${addressOf(options)}, ${attempts} ${attempts === 1 ? 'attempt' : 'attempts'}`;
  const within = isFinal(error) ? '' : ` within ${options.startTimeoutMs} ms`;
  return new Error(
    `The PostgreSQL broker could not start${within} (${tried}): ${messageOf(error)}. ` +
      'Check that the server runs, that the address is right, and that the user may use the schema.',
    { cause: error },
  );
}

/** The address without credentials. */
function addressOf({ connectionString, connection, schema }: ResolvedPostgresBrokerOptions): string {
  const inSchema = `schema ${schema}`;
  if (connectionString === undefined) {
    const { host = 'localhost', port = 5432, database = '' } = connection;
    return `${host}:${port}/${database}, ${inSchema}`;
  }
  if (!URL.canParse(connectionString)) return `an address that is no URL, ${inSchema}`;
  const { protocol, host, pathname } = new URL(connectionString);
  return `${protocol}//${host}${pathname}, ${inSchema}`;
}
