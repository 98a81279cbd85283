import type { StatusReason } from '../core/status.js';
import type { PollingState } from './lazy-poller.js';
import type { StatusDescription } from './status-store.js';
import type { WebSocketConnector } from './web-socket-connector.js';

const NO_CONNECTION_YET: StatusReason = { code: 'network', message: 'there is no connection yet' };

interface Facts {
  /** The reason for which the server rejected the client permanently. */
  readonly denial: StatusReason | undefined;
  /** The failure of the option `token`. It stays the reason while the client tries again. */
  readonly signedOut: StatusReason | undefined;
  /** Why there is no WebSocket. */
  readonly reason: StatusReason | undefined;
  /** Whether the client polls or is about to. */
  readonly willPoll: boolean;
}

interface Measured {
  readonly roundTripTimeMs: number | undefined;
}

/** Returns the status that follows from the state of both transports. */
export function describeStatus(
  connector: WebSocketConnector,
  poller: PollingState,
  { denial, signedOut, reason, willPoll }: Facts,
): StatusDescription {
  const { live, attempt, nextRetryAt } = connector;
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
      reason: reason ?? NO_CONNECTION_YET,
      ...retry,
      ...measured(poller),
    };
  }
  if (signedOut) return { state: 'offline', attempt, reason: signedOut, ...retry };
  if (poller.hasFailed || (nextRetryAt !== undefined && !willPoll)) {
    return { state: 'offline', attempt, reason: reason ?? NO_CONNECTION_YET, ...retry };
  }
  return { state: 'connecting', attempt, ...(reason && { reason }) };
}

function measured({ roundTripTimeMs }: Measured): { roundTripTimeMs?: number } {
  return roundTripTimeMs === undefined ? {} : { roundTripTimeMs };
}
