import { BrokerError } from '@statewire/nest';
import { ConnectionLostError, fencedError, messageOf, movedError } from '@statewire/nest/broker';

/** The scripts of the server are gone, or its data has another lineage. The command had no effect. */
export class StaleLineageError extends Error {
  override readonly name = 'StaleLineageError';
}

/** Replies after which the server is as good as out of reach: another one is the master, or it does not serve now. */
const AWAY = /^(READONLY|LOADING|MASTERDOWN|CLUSTERDOWN The|NOREPLICAS|BUSY|MISCONF)\b/;

export function isAwayReply(error: unknown): boolean {
  return AWAY.test(messageOf(error));
}

/**
 * Replies by which a server of a cluster says that the partition of the keys lies elsewhere, or is on its way. Scripts
 * name keys that may not exist, so no server can run them until all keys of the partition have moved.
 */
const MOVED = /^(MOVED|ASK|TRYAGAIN|CLUSTERDOWN Hash slot)\b/;

export function isMovedReply(error: unknown): boolean {
  return MOVED.test(messageOf(error));
}

/** The error for a rejected command, by the first word of the reply of the server. */
export function toCommandError(error: unknown): Error {
  const message = messageOf(error);
  if (error instanceof ConnectionLostError) return error;
  if (/^(STALE|NOSCRIPT)\b/.test(message)) return new StaleLineageError(message, { cause: error });
  if (message.startsWith('OOM')) {
    return new BrokerError('full', `Redis has no memory left: ${message}`, { cause: error });
  }
  return new BrokerError('unavailable', `Redis rejected a command: ${message}`, { cause: error });
}

/** The error that callers of the broker get. */
export function toBrokerError(error: unknown): BrokerError {
  if (error instanceof BrokerError) return error;
  return new BrokerError('unavailable', `Redis is out of reach: ${messageOf(error)}`, { cause: error });
}

/** The error for a publication that the server refused by its conditions; undefined if it did not. */
export function publishRefusal(outcome: string, topic: string): BrokerError | undefined {
  if (outcome === 'FENCED') return fencedError(topic);
  return outcome === 'MOVED' ? movedError(topic) : undefined;
}
