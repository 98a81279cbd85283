import type { LinkConditions } from '@statewire/testing';

export type { Side } from '@statewire/testing';

/** The fault of a WebSocket upgrade. */
export type UpgradeFault =
  | 'pass'
  /** A proxy without WebSocket answers 403. */
  | 'reject'
  /** A proxy that does not understand the request answers 400. */
  | 'bad-request'
  /** The connection is reset before the upgrade reaches the server. */
  | 'cut'
  /** The connection is reset after the server accepted the upgrade, before the first frame. */
  | 'cut-accepted'
  /** The connection ends without a close frame, a second after the server accepted the upgrade. */
  | 'end-after-1s'
  /** Nothing passes in either direction, until `restore`. */
  | 'hang';

/** The fault of an HTTP request that has a `Content-Length` or no body. */
export type HttpFault =
  | 'pass'
  /** The request is lost and gets no answer. */
  | 'hang'
  /** The server receives the request twice at once. The client receives one answer. */
  | 'duplicate'
  /** The server receives the request again after it has answered. */
  | 'replay'
  /** Half of the answer's body arrives, and then a reset. */
  | 'truncate'
  /** A gateway answers 502. The server does not receive the request. */
  | 'bad-gateway'
  /** A gateway answers 504 after the server has handled the request. */
  | 'answer-lost';

export interface ProxiedRequest {
  /** 0 for the first. */
  readonly number: number;
  readonly method: string;
  readonly path: string;
}

/** The direction in which bytes are held back. */
export type Direction = 'to-server' | 'to-client' | 'both';

/** The connections that a black hole affects: all, including later ones, or the WebSockets that are open now. */
export type BlackholeScope = 'all' | 'web-sockets';

/** Conditions of each direction. Default: no delay and no limit. */
export type Conditions = Partial<LinkConditions>;
