/**
 * Answer of `GET /api/chaos` and of `POST /api/chaos/websocket` ({@link ChaosWebSocket}). `POST /api/chaos/token` with
 * `Authorization: Bearer` answers a `Session` of the same player that ends in seconds. All of them answer 404 while
 * `ARENA_CHAOS` is off.
 */
export interface ChaosState {
  /** Whether the server accepts WebSockets now. */
  readonly websocket: boolean;
}

export interface ChaosWebSocket {
  readonly enabled: boolean;
}
