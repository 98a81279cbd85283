import type { Environment } from './environment.js';

/** Options of `createRealtimeClient`. Durations are milliseconds. */
export interface RealtimeClientOptions {
  /** Scheme, host and port of the server, `https://api.example`. Default: the page's origin; required in Node. */
  readonly origin?: string;
  /** Default `/ws`. */
  readonly webSocketPath?: string;
  /** Default `/realtime`. */
  readonly httpPath?: string;
  /** Gives the token for the next connection, poll or `authenticate`; undefined for anonymous. Called anew each time. */
  readonly token?: (reason: 'connect' | 'expired' | 'poll') => string | undefined | Promise<string | undefined>;
  readonly webSocket?: {
    /** `false`: polling only. A function is asked before each attempt. Default true. */
    readonly enabled?: boolean | (() => boolean);
  };
  readonly polling?: {
    /** Default true. */
    readonly enabled?: boolean;
    /** From the beginning of one poll to the next. Default 2,000; the server's `config` may raise it. */
    readonly interval?: number;
    /** Seconds a poll is held by the server until there is news, 0–25. Default 0: plain polling. */
    readonly wait?: number;
    /** How long a connection attempt may take before polling starts. Default 500. */
    readonly startAfter?: number;
  };
  readonly backoff?: {
    /** Base for network failures. Default 300. */
    readonly network?: number;
    /** Base for failures the server reported. Default 1,000. */
    readonly server?: number;
    /** Base when the server is overloaded. Default 3,000. */
    readonly overload?: number;
    /** Longest delay. Default 30,000; where the server asks for longer, that long, up to an hour. */
    readonly cap?: number;
    /** A connection that lived this long resets the attempts. Default 10,000. */
    readonly stableAfter?: number;
  };
  /** How long a topic stays subscribed after its last subscriber left. Default 1,000; 0: not at all. */
  readonly linger?: number;
  /** Told what an optimistic update threw. Default: `console.error`. */
  readonly onError?: (error: unknown) => void;
  readonly environment?: Partial<Environment>;
}
