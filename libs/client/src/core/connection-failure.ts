import { CLOSE_CODES, reactionToClose } from '@statewire/protocol';

import type { StatusReason } from './status.js';

/** What decides how long to wait; see {@link Backoff}. */
export type FailureCause = 'network' | 'server' | 'overload' | 'now';

/**
 * What bridges the time: polling after `startAfter` (`race`), polling at once because no WebSocket is to be expected
 * (`now`), or nothing, because the server asked to be left alone (`never`).
 */
export type PollingMeanwhile = 'race' | 'now' | 'never';

/** Why there is no connection, and what that means for the next one. */
export class ConnectionFailure extends Error {
  override readonly name = 'ConnectionFailure';

  constructor(
    readonly reason: StatusReason,
    /** `stop`: it would be refused again. */
    override readonly cause: FailureCause | 'stop',
    readonly polling: PollingMeanwhile = 'race',
    /** Milliseconds the server asked to wait. */
    readonly retryAfter?: number,
  ) {
    super(reason.message);
  }
}

const POLLING_MEANWHILE: Readonly<Record<number, PollingMeanwhile>> = {
  [CLOSE_CODES.draining.code]: 'never',
  [CLOSE_CODES.switchedOff.code]: 'now',
};

const SERVER_FAILED: ReadonlySet<number> = new Set([1011, 1012, 1013]);

/** What a close means; `refusal` is the error frame that came before it. */
export function failureOfClose(code: number, text: string, refusal: StatusReason | undefined): ConnectionFailure {
  const reason = refusal ?? { code: closeReason(code), message: text || meaningOf(code) };
  switch (reactionToClose(code)) {
    case 'stop':
      return new ConnectionFailure(reason, 'stop');
    case 'reconnect-without-polling':
      return new ConnectionFailure(reason, 'overload', 'never');
    case 'reconnect-now':
      return new ConnectionFailure(reason, 'now', POLLING_MEANWHILE[code]);
    case 'reconnect':
      return new ConnectionFailure(reason, SERVER_FAILED.has(code) ? 'server' : 'network');
  }
}

/** A close code as the code of a status reason. */
export function closeReason(code: number): string {
  return `close-${code}`;
}

function meaningOf(code: number): string {
  const row = Object.values(CLOSE_CODES).find((known) => known.code === code);
  return row?.meaning ?? 'the connection was lost';
}
