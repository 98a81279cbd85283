import type { CanActivate, Type } from '@nestjs/common';

import type { Broker } from './broker.js';
import type { Identity, RealtimeRequest } from './realtime-request.js';
import type { Environment } from './environment.js';

/** Verifies credentials. Throw, or return undefined, to refuse them. Called only where there are credentials. */
export type Authenticate = (
  request: RealtimeRequest,
  token: string,
) => Identity | undefined | Promise<Identity | undefined>;

/** Options of `RealtimeModule.forRoot`. Durations are milliseconds, sizes bytes; 0 switches a limit off. */
export interface RealtimeModuleOptions {
  /** Path of the WebSocket. Default `/ws`. */
  readonly path?: string;
  /** Prefix of the HTTP binding. Default `/realtime`. */
  readonly httpPath?: string;
  /** The feature flag: `false` refuses upgrades with 503 and tells clients to poll. Default true. */
  readonly enabled?: boolean;
  readonly authenticate?: Authenticate;
  /** Cookie whose value is a token, for pages on the same site. Default: none. */
  readonly cookie?: string;
  /** Guards that run at connect: before the upgrade is accepted where the credentials are in it, else at `hello`. */
  readonly connectionGuards?: readonly (Type<CanActivate> | CanActivate)[];
  /** Exact origins, `https://play.example`. Default: the origin whose host equals the request's `Host`. */
  readonly allowedOrigins?: readonly string[];
  /** Accepts every origin. Warned about at start. Default false. */
  readonly allowAnyOrigin?: boolean;
  /**
   * Addresses or CIDR blocks of proxies whose `X-Forwarded-For` and `X-Forwarded-Host` are believed, or `'loopback'`.
   * Default: none.
   */
  readonly trustedProxies?: readonly string[];
  readonly heartbeat?: {
    /** Default 30,000. */
    readonly interval?: number;
    /** Default 10,000. */
    readonly timeout?: number;
  };
  readonly polling?: {
    /** Told to clients. Default 2,000. */
    readonly interval?: number;
  };
  /** How long answers of actions are remembered. Default 120,000. */
  readonly actionWindow?: number;
  /** Which global enhancers of the application apply to handlers. Default: guards and pipes. */
  readonly globalEnhancers?: readonly ('guards' | 'pipes' | 'interceptors' | 'filters')[];
  readonly history?: {
    /** Publications kept per topic. Default 1,024. */
    readonly count?: number;
    /** Bytes kept per topic. Default 1 MiB. */
    readonly bytes?: number;
    /** Age up to which publications are kept, and idle topics, whatever the wall clock is set to. Default 300,000. */
    readonly age?: number;
  };
  readonly limits?: Partial<RealtimeLimits>;
  readonly drain?: {
    /** Clients come back at a random moment of this window. Default 5,000. */
    readonly window?: number;
    /** Connections told per batch. Default 100. */
    readonly batch?: number;
  };
  /** How topics with an `@OnPresence` handler say who follows them. */
  readonly presence?: {
    /**
     * How long somebody is still there whose connection ended, so that a reload, a reconnect or a change of the transport
     * is not seen as leaving. Who polls: at least twice `polling.interval`. Unsubscribing leaves at once. Default 10,000.
     */
    readonly grace?: number;
    /** Shortest time between two publications of one presence topic. Default 250. */
    readonly interval?: number;
    /**
     * Members that are listed; all others are counted only. 0: none is listed. With `infoBytes` each they must fit
     * `limits.maxPublication`. Default 100, or as many as fit.
     */
    readonly members?: number;
    /** Largest JSON that is shown of one member, at least 1. Default 1,024. */
    readonly infoBytes?: number;
  };
  /** Default: the embedded memory broker. */
  readonly broker?: Broker;
  /** Clock, timers, random and ids; for tests. */
  readonly environment?: Partial<Environment>;
}

/** Every limit with its default; the README says what happens above each. 0 switches a limit off. */
export interface RealtimeLimits {
  /** Largest frame or HTTP body of an action a client may send. Default 64 KiB. */
  readonly frameBytes: number;
  /** Deepest nesting of JSON a client may send. Default 32. */
  readonly depth: number;
  /**
   * Time for the head of any HTTP request or upgrade to arrive, looked at once a second: the application's server is set
   * to it unless its own `headersTimeout` is shorter. Default 9,000.
   */
  readonly headersTimeout: number;
  /** Time for `hello` to arrive. Default 5,000. */
  readonly helloTimeout: number;
  /**
   * Time for `hello` to be verified. Default 10,000. Where it is 0, credentials whose verification
   * took so long that a revocation made meanwhile may be forgotten are refused with `timeout`, and may be presented again.
   */
  readonly authenticationTimeout: number;
  /** Frames per second of one connection, with bursts of twice as many. Default 20. */
  readonly framesPerSecond: number;
  /**
   * Frames and requests per second of all connections and polls of one user together, with bursts of twice as many:
   * ten tabs that all send as fast as one may. 0, or `framesPerSecond` 0: any number. Default 200.
   */
  readonly framesPerSecondPerUser: number;
  /**
   * The same of one address, which may be that of a whole office or of a mobile network: what 200 connections may send
   * at full rate. An address is an IPv4 address or the /64 of an IPv6 one. Default 4,000.
   */
  readonly framesPerSecondPerAddress: number;
  /** Frames of one connection refused by these rates within 10 s, after which it is closed with 4100. Default 100. */
  readonly refusedFrames: number;
  /** Malformed frames of one connection within 10 s, after which it is closed with 4000. Default 10. */
  readonly badFrames: number;
  /**
   * Topics one connection may follow, and new ones it may ask for in a second, with bursts of twice as many: at least
   * `framesPerSecond`, and any number where that is 0. Default 128.
   */
  readonly subscriptions: number;
  /** Default 20. */
  readonly connectionsPerUser: number;
  /** Of one IPv4 address or the /64 of an IPv6 one. Default 200. */
  readonly connectionsPerAddress: number;
  /**
   * New connections per second of one user, with bursts of twice `connectionsPerUser`: all of them may come back after
   * an outage, twice. 0, or `connectionsPerUser` 0: any number. Default 20.
   */
  readonly connectsPerSecondPerUser: number;
  /**
   * New connections per second of one address, with bursts of `connectionsPerAddress`: everybody behind a NAT may come
   * back at once. 0, or `connectionsPerAddress` 0: any number. Default 50.
   */
  readonly connectsPerSecondPerAddress: number;
  /** Connections of one address that are not admitted yet. Default 20. */
  readonly pendingPerAddress: number;
  /** Largest published value. Default 256 KiB. */
  readonly maxPublication: number;
  /** Bytes waiting for one connection above which its state topics conflate. Default 64 KiB. */
  readonly outboxSoftMark: number;
  /** Bytes waiting for one connection above which it is closed with 4101. Default 1 MiB. */
  readonly outboxHardMark: number;
  /**
   * Bytes waiting for all connections of the process together. Above it readers are closed with 4101 until it is kept:
   * the one first that has let more than `outboxSoftMark` wait for longest, and when nobody does, whoever has had
   * anything waiting for longest. Default 256 MiB.
   */
  readonly outboxTotal: number;
  /** Time without progress after which a reader is closed with 4101. Default 10,000. */
  readonly stalledTimeout: number;
  /** Deadline of an action's handler. Default 30,000. */
  readonly actionTimeout: number;
  /** Frames of one connection that wait for their turn. Default 64. */
  readonly waitingFrames: number;
  /** Frames held while `hello` is being settled; above it the server stops reading. Default 256. */
  readonly pipelinedFrames: number;
  /** Bytes held while `hello` is being settled. Default 256 KiB. */
  readonly pipelinedBytes: number;
  /** Time for the first value of a topic to load. Default 2,000. */
  readonly loadTimeout: number;
  /** How long a topic stays alive after nobody listens. Default 60,000. */
  readonly linger: number;
}

type Filled<T> = { readonly [Key in keyof T]-?: T[Key] };

/** Options with every default filled in, checked once at start. What the rest of the module reads. */
export interface ResolvedRealtimeOptions {
  readonly path: string;
  readonly httpPath: string;
  readonly enabled: boolean;
  readonly authenticate: RealtimeModuleOptions['authenticate'];
  readonly cookie: string | undefined;
  readonly connectionGuards: NonNullable<RealtimeModuleOptions['connectionGuards']>;
  readonly allowedOrigins: readonly string[] | undefined;
  readonly allowAnyOrigin: boolean;
  readonly trustedProxies: readonly string[];
  readonly heartbeat: Filled<NonNullable<RealtimeModuleOptions['heartbeat']>>;
  readonly polling: Filled<NonNullable<RealtimeModuleOptions['polling']>>;
  readonly actionWindow: number;
  readonly globalEnhancers: NonNullable<RealtimeModuleOptions['globalEnhancers']>;
  readonly history: Filled<NonNullable<RealtimeModuleOptions['history']>>;
  readonly limits: RealtimeLimits;
  readonly drain: Filled<NonNullable<RealtimeModuleOptions['drain']>>;
  readonly presence: Filled<NonNullable<RealtimeModuleOptions['presence']>>;
  readonly environment: Environment;
}
