import { CLOSE_CODE, reactionToClose } from '@statewire/protocol';

import type { StatusReason } from './status.js';

/** The cause of a failure. It selects the base delay before the next attempt; `none` has no base delay. */
export type FailureCause = 'network' | 'server' | 'overload' | 'none';

/**
 * Whether the client polls until the next attempt: `after-delay` after `polling.startAfterMs`, `immediately` because no
 * WebSocket is to be expected, or `never` because the server allows no requests for now.
 */
export type PollingMode = 'after-delay' | 'immediately' | 'never';

/** The reason for a missing connection, and the next steps of the client. */
export class ConnectionFailure extends Error {
  override readonly name = 'ConnectionFailure';

  constructor(
    readonly reason: StatusReason,
    /** `permanent`: the server would reject the next attempt too. */
    override readonly cause: FailureCause | 'permanent',
    readonly polling: PollingMode = 'after-delay',
    /** The `retryAfter` of the server in milliseconds. */
    readonly retryAfter?: number,
  ) {
    super(reason.message);
  }
}

const POLLING_MODES: Readonly<Record<number, PollingMode>> = {
  [CLOSE_CODE.draining]: 'never',
  [CLOSE_CODE.switchedOff]: 'immediately',
};

const SERVER_FAILURES: ReadonlySet<number> = new Set([1009, 1011, 1012, 1013]);

/** Returns the failure for a close frame. `rejection` is the error frame before it. */
export function failureOfClose(code: number, text: string, rejection: StatusReason | undefined): ConnectionFailure {
  const reason = rejection ?? { code: closeReason(code), message: text || 'the connection was lost' };
  switch (reactionToClose(code)) {
    case 'stop':
      return new ConnectionFailure(reason, 'permanent');
    case 'reconnect-without-polling':
      return new ConnectionFailure(reason, 'overload', 'never');
    case 'reconnect-now':
      return new ConnectionFailure(reason, 'none', POLLING_MODES[code]);
    case 'reconnect':
      return new ConnectionFailure(reason, SERVER_FAILURES.has(code) ? 'server' : 'network');
  }
}

/** Denials that concern the user. */
const ACCESS_DENIALS: ReadonlySet<string> = new Set([
  'forbidden',
  'unauthorized',
  closeReason(CLOSE_CODE.rejected),
  closeReason(CLOSE_CODE.tokenExpired),
]);

/** Returns whether a denial concerns the user, so that the application may no longer show any value. */
export function concernsAccess({ code }: StatusReason): boolean {
  return ACCESS_DENIALS.has(code);
}

/** Returns a close code as the code of a status reason. */
export function closeReason(code: number): string {
  return `close-${code}`;
}

/** Returns the message of anything that was thrown, also of a value that throws when it is read. */
export function messageOf(error: unknown): string {
  try {
    const { message } = (error ?? {}) as { readonly message?: unknown };
    return typeof message === 'string' ? message : String(error);
  } catch {
    return 'unknown';
  }
}
