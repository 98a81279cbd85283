/** Why the client is in its state, for people and logs. */
export interface StatusReason {
  /**
   * An error code of the protocol, a close code (`close-4201`), a failed response (`http-502`), or a code of the
   * client: `network`, `no-websocket`, `not-loaded` (the code of the HTTP fallback), `reconnect`, `signed-out` (the option `token` failed), `silent`, `suspended`,
   * `switched-off`, `timeout`.
   */
  readonly code: string;
  /** A sentence in English. With `signed-out` it is the message of the application's error. */
  readonly message: string;
}

/** The part that every status has. */
export interface StatusBase {
  /** When this state began, in milliseconds since the Unix epoch. */
  readonly enteredAt: number;
  /**
   * Whether the server supports only newer versions of the contract than `contractVersion`, so that the page is too
   * old.
   */
  readonly outdated: boolean;
}

/**
 * The application has not called `connect()`, subscribed or acted yet. The client returns to this state only with the
 * option `disconnectAfterMs`.
 */
export interface IdleStatus extends StatusBase {
  /** Discriminates {@link ConnectionStatus}. */
  readonly state: 'idle';
}

/** The client waits for the first response. Values of an earlier connection are stale. */
export interface ConnectingStatus extends StatusBase {
  /** Discriminates {@link ConnectionStatus}. */
  readonly state: 'connecting';
  /** Number of the connection attempt, from 1. */
  readonly attempt: number;
  /** Why the attempt before this one failed; undefined at the first attempt. */
  readonly reason?: StatusReason;
}

/** The server welcomed the WebSocket, and frames arrive in time. */
export interface LiveStatus extends StatusBase {
  /** Discriminates {@link ConnectionStatus}. */
  readonly state: 'live';
  /** The transport of values and actions. */
  readonly transport: 'websocket';
  /** The id that the server gave to the connection. */
  readonly connectionId: string;
  /**
   * Milliseconds between a ping and its pong, the smallest of the last three; undefined before the first one. While
   * something observes the status, the client pings every 10 s.
   */
  readonly roundTripTimeMs?: number;
}

/** HTTP polling keeps the values current, while the client keeps trying to open a WebSocket. */
export interface PollingStatus extends StatusBase {
  /** Discriminates {@link ConnectionStatus}. */
  readonly state: 'polling';
  /** The transport of values and actions. */
  readonly transport: 'polling';
  /** Number of the connection attempt, from 1. */
  readonly attempt: number;
  /**
   * When the client next tries a WebSocket, in milliseconds since the Unix epoch; undefined during an attempt, and
   * while the WebSocket is switched off.
   */
  readonly nextRetryAt?: number;
  /** Why there is no WebSocket. */
  readonly reason: StatusReason;
  /** Milliseconds that the last poll took; undefined before the first one. */
  readonly roundTripTimeMs?: number;
}

/** Neither the WebSocket nor polling works. The client keeps trying. */
export interface OfflineStatus extends StatusBase {
  /** Discriminates {@link ConnectionStatus}. */
  readonly state: 'offline';
  /** Number of the connection attempt, from 1. */
  readonly attempt: number;
  /** When the client next tries a WebSocket, in milliseconds since the Unix epoch; undefined during an attempt. */
  readonly nextRetryAt?: number;
  /** Why neither transport works. */
  readonly reason: StatusReason;
}

/** The server rejected the client permanently. `connect()` tries again. */
export interface DeniedStatus extends StatusBase {
  /** Discriminates {@link ConnectionStatus}. */
  readonly state: 'denied';
  /** Why the server rejected the client. */
  readonly reason: StatusReason;
}

/** The application called `close()`. */
export interface ClosedStatus extends StatusBase {
  /** Discriminates {@link ConnectionStatus}. */
  readonly state: 'closed';
}

/** The state of the connection, a union discriminated by `state`. */
export type ConnectionStatus =
  IdleStatus | ConnectingStatus | LiveStatus | PollingStatus | OfflineStatus | DeniedStatus | ClosedStatus;
