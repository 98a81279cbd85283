/** Bounds of what a parser takes in. 0 switches a bound off. */
export interface FrameLimits {
  /** Largest frame or HTTP body, in bytes of UTF-8. */
  readonly frameBytes: number;
  /** Deepest nesting of arrays and objects; the frame itself is level 1. */
  readonly depth: number;
}

/** Deepest nesting of a published value. A server refuses to publish deeper ones, so that no client has to. */
export const MAX_VALUE_DEPTH = 256;

/** What a server takes from clients unless it is told otherwise. */
export const CLIENT_FRAME_LIMITS: FrameLimits = { frameBytes: 64 * 1024, depth: 32 };

/**
 * What a client takes from a server: any size, for the server is chosen by the client, and the deepest value with room
 * for the frame, the delta and the poll answer around it.
 */
export const SERVER_FRAME_LIMITS: FrameLimits = { frameBytes: 0, depth: MAX_VALUE_DEPTH + 8 };
