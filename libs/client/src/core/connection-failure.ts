import { CLOSE_CODES, reactionToClose } from '@statewire/protocol';

import type { StatusReason } from './status.js';

/** What caused a failure. It decides how long the client waits before the next attempt; `none` waits for no base delay. */
export type FailureCause = 'network' | 'server' | 'overload' | 'none';

/**
 * Whether the client polls until the next attempt: `after-delay` after `polling.startAfterMs`, `immediately` because no
 * WebSocket is to be expected, or `never` because the server asked for no requests.
 */
export type PollingMode = 'after-delay' | 'immediately' | 'never';

/** Why there is no connection, and how the client goes on. */
export class ConnectionFailure extends Error {
  override readonly name = 'ConnectionFailure';

  constructor(
    readonly reason: StatusReason,
    /** `permanent`: the server would refuse the next attempt too. */
    override readonly cause: FailureCause | 'permanent',
    readonly polling: PollingMode = 'after-delay',
    /** Milliseconds that the server asked the client to wait. */
    readonly retryAfter?: number,
  ) {
    super(reason.message);
  }
}

const POLLING_MODES: Readonly<Record<number, PollingMode>> = {
  [CLOSE_CODES.draining.code]: 'never',
  [CLOSE_CODES.switchedOff.code]: 'immediately',
};

const SERVER_FAILURES: ReadonlySet<number> = new Set([1011, 1012, 1013]);

/** Returns the failure that a close frame means. `rejection` is the error frame that preceded it. */
export function failureOfClose(code: number, text: string, rejection: StatusReason | undefined): ConnectionFailure {
  const reason = rejection ?? { code: closeReason(code), message: text || describeClose(code) };
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

/** Returns a close code as the code of a status reason. */
export function closeReason(code: number): string {
  return `close-${code}`;
}

function describeClose(code: number): string {
  const row = Object.values(CLOSE_CODES).find((closeCode) => closeCode.code === code);
  return row?.meaning ?? 'the connection was lost';
}
