/** Limits of a parser. 0 means no limit. */
export interface FrameLimits {
  /** Maximum size of a frame or HTTP body in bytes of UTF-8. */
  readonly bytes: number;
  /** Maximum nesting of arrays and objects. The frame itself is level 1. */
  readonly depth: number;
}

/** Maximum nesting of a published value. A server rejects deeper values when they are published. */
export const MAX_VALUE_DEPTH = 256;

/**
 * A server accepts every frame of this size, whatever its limit for actions. A client sends no larger frame before it
 * knows the limit.
 */
export const SAFE_FRAME_BYTES = 16 * 1024;

/** Default limits of a server for frames from clients. */
export const CLIENT_FRAME_LIMITS: FrameLimits = { bytes: 64 * 1024, depth: 32 };

/**
 * Limits of a client for frames from a server. The size has no limit, because the client trusts the server that it
 * chose. The depth is that of a value, plus 8 levels for the frame, the delta and the poll answer around it.
 */
export const SERVER_FRAME_LIMITS: FrameLimits = { bytes: 0, depth: MAX_VALUE_DEPTH + 8 };
