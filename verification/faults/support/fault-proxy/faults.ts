/** What happens to one WebSocket. */
export type Fate =
  | 'pass'
  /** A proxy that knows no WebSocket answers 403. */
  | 'refuse'
  /** One that does not understand the request answers 400. */
  | 'reject'
  /** The connection is reset when the upgrade was asked for. */
  | 'reset'
  /** It is reset when the upgrade was accepted, before the first frame. */
  | 'reset-accepted'
  /** It is ended, without a close frame, a second after the upgrade was accepted. */
  | 'end-after-1s'
  /** Nothing is passed on, either way, until `release`. */
  | 'hold';

/** What happens to one HTTP request that has a `Content-Length` or no body. */
export type HttpFate =
  | 'pass'
  /** It is swallowed, and never answered. */
  | 'hang'
  /** It is delivered twice at once; one answer arrives. */
  | 'twice'
  /** It is delivered again when it was answered. */
  | 'replayed'
  /** Half of its answer's body arrives, and then a reset. */
  | 'cut'
  /** A gateway answers for the server, which never saw the request. */
  | 502
  /** A gateway answers for the server, which saw to the request; its answer is lost. */
  | 504;

export interface ProxiedRequest {
  /** 0 for the first. */
  readonly number: number;
  readonly method: string;
  readonly path: string;
}

/** The way on which bytes are lost. */
export type Way = 'to-server' | 'to-client' | 'both';

export type Side = 'client' | 'server';

/** How bytes travel, in each direction. Nothing given: as fast as they can. */
export interface Weather {
  /** Milliseconds. */
  readonly latency?: number;
  /** Up to so many milliseconds more. Bytes stay in order. */
  readonly jitter?: number;
  readonly bytesPerSecond?: number;
  /** Bytes of each write: 1 makes a segment of every byte. */
  readonly slice?: number;
}
