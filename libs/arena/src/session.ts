/** Body of `POST /api/session`. */
export interface NewSession {
  /** 1–24 characters. Every player can see it. */
  readonly name: string;
}

/** Answer of `POST /api/session` (201), and of `POST /api/session/refresh` (200) with `Authorization: Bearer`. */
export interface Session {
  readonly playerId: string;
  readonly name: string;
  readonly token: string;
  /** Milliseconds since the Unix epoch. A session can be refreshed for a while after its token has expired. */
  readonly expiresAt: number;
}
