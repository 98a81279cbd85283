import { BrokerError } from '../../core/broker.js';
import { firstLineOf } from '../../core/realtime-log.js';

/** The connection to the server ended before the reply. The server may have run the command. */
export class ConnectionLostError extends Error {
  /** Name of the class. */
  override readonly name = 'ConnectionLostError';
}

/** The server cannot be used, however often the broker tries. */
export class ServerRefusedError extends Error {
  /** Name of the class. */
  override readonly name = 'ServerRefusedError';
}

/** The error of all calls after the end of the broker. */
export function disposedError(): BrokerError {
  return new BrokerError('disposed', 'The broker was shut down.');
}

/** The error of a publication that the lease of its topic does not allow. */
export function fencedError(topic: string): BrokerError {
  return new BrokerError('fenced', `The lease of the topic "${topic}" does not allow this publication.`);
}

/** The error of a publication for a position at which its topic does not stand any more. */
export function movedError(topic: string): BrokerError {
  return new BrokerError('moved', `The topic "${topic}" has moved on from the expected position.`);
}

/** The text of an error, or of the errors of which it consists. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return firstLineOf(error);
  // Attempts at several addresses of one name end with an error without a message of its own.
  const { errors } = error as { errors?: readonly unknown[] };
  return error.message || (errors === undefined ? error.name : errors.map(messageOf).join(', '));
}
