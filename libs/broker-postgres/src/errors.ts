import { BrokerError } from '@statewire/nest';
import { messageOf, ServerRefusedError } from '@statewire/nest/broker';
import { DatabaseError } from 'pg';

/** The server undid the statement because of another transaction, and the caller may repeat it. */
export class ConflictError extends Error {
  override readonly name = 'ConflictError';
}

/** SQLSTATE codes of deadlocks and serialization failures. */
const CONFLICTS = ['40001', '40P01'];
/** SQLSTATE codes of a server without memory or space on its disk. */
const FULL = ['53100', '53200'];
/** SQLSTATE codes after which the server is as good as out of reach: it shuts down, starts, or only reads. */
const AWAY = /^(57P0.|25006|08...)$/;
/** SQLSTATE codes that another attempt to connect would meet again: wrong credentials, database or rights. */
const FINAL = /^(28...|3D000|42501)$/;

/** The SQLSTATE code of an error of the server, or of its cause; empty if there is none. */
export function codeOf(error: unknown): string {
  if (error instanceof DatabaseError) return error.code ?? '';
  return error instanceof Error && error.cause !== undefined ? codeOf(error.cause) : '';
}

/** Whether the server answered, so that its connection lives on. */
export function isReply(error: unknown): boolean {
  return error instanceof DatabaseError && !AWAY.test(codeOf(error)) && error.severity !== 'FATAL';
}

export function isFinal(error: unknown): boolean {
  return error instanceof ServerRefusedError || FINAL.test(codeOf(error));
}

/** The error for a rejected statement. */
export function toCommandError(error: unknown): Error {
  const code = codeOf(error);
  if (CONFLICTS.includes(code)) return new ConflictError(messageOf(error), { cause: error });
  if (FULL.includes(code)) {
    return new BrokerError('full', `PostgreSQL has no room left: ${messageOf(error)}`, { cause: error });
  }
  return new BrokerError('unavailable', `PostgreSQL rejected a statement: ${messageOf(error)}`, { cause: error });
}

/** The error that callers of the broker get. */
export function toBrokerError(error: unknown): BrokerError {
  if (error instanceof BrokerError) return error;
  return new BrokerError('unavailable', `PostgreSQL is out of reach: ${messageOf(error)}`, { cause: error });
}
