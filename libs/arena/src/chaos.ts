/**
 * Answer of `GET /api/chaos` and of every `POST` below it; 404 where `ARENA_CHAOS` is off.
 *
 * `POST /api/chaos/websocket` takes {@link ChaosWebSocket}; `POST /api/chaos/token` answers a {@link Session} that
 * expires in seconds, `POST /api/chaos/cut` takes {@link ChaosCut}.
 */
export interface ChaosState {
  /** Whether the server accepts WebSockets now. */
  readonly websocket: boolean;
}

export interface ChaosWebSocket {
  readonly enabled: boolean;
}

/** Which connection the server drops, from the status of the client. */
export interface ChaosCut {
  readonly connectionId: string;
}
