import type { StatusReason } from '../core/status.js';
import type { Poller } from './poller.js';
import type { Sockets } from './sockets.js';
import type { StatusDescription } from './status-board.js';

export const NOT_YET: StatusReason = { code: 'network', message: 'there is no connection yet' };

interface Facts {
  readonly sockets: Sockets;
  readonly poller: Poller;
  readonly denial: StatusReason | undefined;
  readonly reason: StatusReason | undefined;
  /** Polling runs, or is about to begin. */
  readonly willPoll: boolean;
}

/** @returns the one state that all facts together amount to. */
export function describeStatus({ sockets, poller, denial, reason, willPoll }: Facts): StatusDescription {
  const { live, attempt, nextRetryAt } = sockets;
  const retry = nextRetryAt === undefined ? {} : { nextRetryAt };
  if (denial) return { state: 'denied', reason: denial };
  if (live?.welcome) {
    const { connectionId } = live.welcome;
    return { state: 'live', transport: 'websocket', connectionId, ...measured(live) };
  }
  if (poller.isHealthy) {
    return {
      state: 'polling',
      transport: 'polling',
      attempt,
      reason: reason ?? NOT_YET,
      ...retry,
      ...measured(poller),
    };
  }
  if (poller.hasFailed || (nextRetryAt !== undefined && !willPoll)) {
    return { state: 'offline', attempt, reason: reason ?? NOT_YET, ...retry };
  }
  return { state: 'connecting', attempt, ...(reason && { reason }) };
}

function measured({ roundTripTime }: { readonly roundTripTime: number | undefined }): { roundTripTime?: number } {
  return roundTripTime === undefined ? {} : { roundTripTime };
}
