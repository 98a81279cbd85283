import type { Json } from '@statewire/protocol';

/** The identity of a caller, as the application's `authenticate` returned it. Anonymous callers have none. */
export interface Identity {
  /** Stable id of the user. Limits, deduplication and revocation use it. */
  readonly id: string;
  /** End of the credentials, in milliseconds since the Unix epoch. */
  readonly expiresAt?: number;
  /** The value of `request.user` in guards. */
  readonly user: unknown;
}

/** The first argument of every guard, pipe, interceptor, filter and handler. It has the fields of an HTTP request. */
export interface RealtimeRequest {
  /** Names are in lower case. `authorization` holds the current token. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** Cookies of the upgrade or request, if the origin policy lets the page send them. */
  readonly cookies: Readonly<Record<string, string>>;
  /** Address of the client, behind the trusted proxies. */
  readonly ip: string;
  /** The same address in a list, for enhancers that read it there on Fastify. */
  readonly ips: readonly string[];
  /** The user that `authenticate` returned; undefined for anonymous callers. */
  readonly user: unknown;
  /** Parameters of the topic. */
  readonly params: Readonly<Record<string, string>>;
  /** Data of the action; the same as `data`. */
  readonly body: Json | undefined;
  /** Data of the action; undefined for topics and connections. */
  readonly data: Json | undefined;
  /** How the caller was admitted. `none` when a topic is loaded, which happens for all callers together. */
  readonly admission: 'upgrade' | 'hello' | 'http' | 'none';
  /** Name of the requested topic. Undefined for actions and connection guards. */
  readonly topic?: string;
  /** Name of the requested action. Undefined for topics and connection guards. */
  readonly action?: string;
  /** Id of the connection, as in `welcome`. Undefined for HTTP requests. */
  readonly connectionId?: string;
}

/** The part of a request that is the same for all requests of one caller. */
export type CallerContext = Pick<RealtimeRequest, 'headers' | 'cookies' | 'ip' | 'admission' | 'connectionId'> & {
  readonly clientId: string;
  readonly identity: Identity | undefined;
};
