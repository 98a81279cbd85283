import { messageOf, ServerRefusedError } from '@statewire/nest/broker';
import { readFile } from 'node:fs/promises';

import { codeOf } from './errors.js';
import { isSchemaName } from './options.js';

/** The version of `schema.sql`. */
const VERSION = 1;
const FILE = new URL('../schema.sql', import.meta.url);
/** The name of the schema in the file. */
const NAME_IN_FILE = /\bstatewire\b/g;
/** Another node has created the same schema at the same time. */
const EXISTS = ['42P06', '42P07', '42710', '23505'];
/** Key of the lock under which one node at a time creates the schema. */
const LOCK = 7_811_026;

/** Runs statements: a client, a pool or a pooled client of the package `pg`. */
export interface SqlClient {
  /** Runs the statements. Several in one text, which come without values, run in one transaction. */
  query(text: string, values?: unknown[]): Promise<{ readonly rows: readonly unknown[] }>;
}

/** Options of {@link migrate}. */
export interface MigrateOptions {
  /** Name of the schema. Default: `statewire`. */
  readonly schema?: string;
}

/**
 * Creates the schema of the broker if it is missing. Does nothing if it is there. Several processes may call it at once. It needs
 * the right to create a schema in the database, or tables in the schema if that exists.
 *
 * @throws Error if the schema has another version than the package.
 */
export async function migrate(client: SqlClient, { schema = 'statewire' }: MigrateOptions = {}): Promise<void> {
  if (!isSchemaName(schema)) throw new Error(`The schema "${schema}" has a name that needs quotes.`);
  if ((await versionOf(client, schema)) === undefined) await create(client, schema);
  await checkVersion(client, schema);
}

/** @throws ServerRefusedError if the schema is missing or has another version than the package. */
export async function checkVersion(client: SqlClient, schema: string): Promise<void> {
  const version = await versionOf(client, schema);
  if (version === VERSION) return;
  if (version === undefined) {
    throw new ServerRefusedError(
      `the schema "${schema}" has no tables of Statewire; create them with migrate(), schema.sql or the option "migrate"`,
    );
  }
  const age = version > VERSION ? 'newer' : 'older';
  throw new ServerRefusedError(
    `the schema "${schema}" has version ${version}, which is ${age} than version ${VERSION} of the package`,
  );
}

async function versionOf(client: SqlClient, schema: string): Promise<number | undefined> {
  const { rows } = await client.query('select to_regclass($1) is not null as found', [`${schema}.meta`]);
  if (!(rows[0] as { found: boolean }).found) return undefined;
  const result = await client.query(`select version from ${schema}.meta`);
  return (result.rows[0] as { version: number } | undefined)?.version;
}

async function create(client: SqlClient, schema: string): Promise<void> {
  const text = (await readFile(FILE, 'utf8')).replaceAll(NAME_IN_FILE, schema);
  try {
    // Statements of one query are one transaction.
    await client.query(`select pg_advisory_xact_lock(${LOCK});\n${text}`);
  } catch (error) {
    if (EXISTS.includes(codeOf(error))) return;
    if (codeOf(error) !== '42501') throw error;
    throw new ServerRefusedError(`the user may not create the schema "${schema}": ${messageOf(error)}`, {
      cause: error,
    });
  }
}
