/** Why the client is in its state; for people and logs. */
export interface StatusReason {
  /** An error code, a close code as text (`close-4201`), or one of the client's own (`no-websocket`, `silent`, `switched-off`, `network`). */
  readonly code: string;
  readonly message: string;
}

interface StatusBase {
  /** Milliseconds since the Unix epoch when this state began. */
  readonly since: number;
}

/** Nothing was asked for yet: no `connect()`, no subscription, no action. It never comes back. */
export interface IdleStatus extends StatusBase {
  readonly state: 'idle';
}

/** The first answer is awaited; there may be values from an earlier connection, and they are stale. */
export interface ConnectingStatus extends StatusBase {
  readonly state: 'connecting';
  /** 1 for the first attempt. */
  readonly attempt: number;
  readonly reason?: StatusReason;
}

/** The WebSocket is welcomed and heard. */
export interface LiveStatus extends StatusBase {
  readonly state: 'live';
  readonly transport: 'websocket';
  readonly connectionId: string;
  /** Milliseconds, from the last ping that was answered. */
  readonly roundTripTime?: number;
}

/** HTTP polling keeps values true while the WebSocket is tried again. */
export interface PollingStatus extends StatusBase {
  readonly state: 'polling';
  readonly transport: 'polling';
  readonly attempt: number;
  /** When the WebSocket is tried next; absent while it is being tried or is switched off. */
  readonly nextRetryAt?: number;
  readonly reason: StatusReason;
  /** Milliseconds the last poll took. */
  readonly roundTripTime?: number;
}

/** Neither way works at the moment. */
export interface OfflineStatus extends StatusBase {
  readonly state: 'offline';
  readonly attempt: number;
  readonly nextRetryAt?: number;
  readonly reason: StatusReason;
}

/** The server refused for good; `connect()` tries again. */
export interface DeniedStatus extends StatusBase {
  readonly state: 'denied';
  readonly reason: StatusReason;
}

/** `close()` was called. */
export interface ClosedStatus extends StatusBase {
  readonly state: 'closed';
}

export type ConnectionStatus =
  IdleStatus | ConnectingStatus | LiveStatus | PollingStatus | OfflineStatus | DeniedStatus | ClosedStatus;
