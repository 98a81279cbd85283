/**
 * Answer of `GET /api/chaos`, and of `POST /api/chaos/websocket` ({@link ChaosWebSocket}) and `POST /api/chaos/cut`
 * ({@link ChaosCut}). `POST /api/chaos/token` with `Authorization: Bearer` answers a `Session` of the same player that
 * ends in seconds. All of them are 404 where `ARENA_CHAOS` is off.
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
