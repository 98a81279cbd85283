import type { Json } from '@statewire/protocol';

/** Who is calling. Anything the application's `authenticate` returned; undefined for anonymous callers. */
export interface Identity {
  /** Stable id of the user: limits, deduplication and revocation go by it. */
  readonly id: string;
  /** Milliseconds since the Unix epoch when the credentials end. */
  readonly expiresAt?: number;
  /** What guards see as `request.user`. */
  readonly user: unknown;
}

/** `args[0]` of every guard, pipe, interceptor, filter and handler of Statewire: what an HTTP request would show. */
export interface RealtimeRequest {
  /** Lower-case names; `authorization` is set from the token in force. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly cookies: Readonly<Record<string, string>>;
  readonly ip: string;
  /** What `authenticate` returned as the user; undefined for anonymous callers. */
  readonly user: unknown;
  /** Parameters of the topic. */
  readonly params: Readonly<Record<string, string>>;
  /** Data of the action; the same as `data`. */
  readonly body: Json | undefined;
  readonly data: Json | undefined;
  /** How the caller came in; `none` where a topic is loaded, which nobody in particular asks for. */
  readonly admission: 'upgrade' | 'hello' | 'http' | 'none';
  /** The topic or the action that is asked for; undefined for connection guards. */
  readonly topic?: string;
  readonly action?: string;
  /** Undefined for HTTP requests. */
  readonly connectionId?: string;
}

/** What stays the same over all requests of one caller. */
export type CallerContext = Pick<RealtimeRequest, 'headers' | 'cookies' | 'ip' | 'admission' | 'connectionId'> & {
  readonly clientId: string;
  readonly identity: Identity | undefined;
};

/** The request that guards and handlers see. A new object each time, because guards may write to it. */
export function requestOf(
  { headers, cookies, ip, admission, connectionId, identity }: CallerContext,
  asked: Partial<Pick<RealtimeRequest, 'topic' | 'params' | 'action' | 'data'>>,
): RealtimeRequest {
  const { data, params = {}, ...name } = asked;
  return {
    headers,
    cookies,
    ip,
    admission,
    user: identity?.user,
    params,
    data,
    body: data,
    ...name,
    ...(connectionId === undefined ? {} : { connectionId }),
  };
}
