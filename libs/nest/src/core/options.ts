import type { CanActivate, Type } from '@nestjs/common';

import type { Broker, BrokerFactory } from './broker.js';
import type { Identity, RealtimeRequest } from './realtime-request.js';
import type { Environment } from './environment.js';

/**
 * Verifies credentials. Runs only for callers that present some.
 *
 * Return `undefined` to reject the caller, or throw: an exception of Nest with a status from 400 to 499 except 408 and
 * 429, a `WsException`, a `RealtimeError`, an error with the status 401 or 403, or the error of jose or jsonwebtoken.
 * Any other error tells nothing about the token: the server logs it and answers `unavailable`, so that the client tries
 * again.
 */
export type Authenticate = (
  request: RealtimeRequest,
  token: string,
) => Identity | undefined | Promise<Identity | undefined>;

/**
 * A class that verifies credentials, with dependencies from Nest: `authenticator: PlayerAuthenticator`.
 *
 * @example
 * ```ts
 * @Injectable()
 * export class PlayerAuthenticator implements RealtimeAuthenticator {
 *   constructor(private readonly players: Players) {}
 *
 *   authenticate(_: RealtimeRequest, token: string) { return this.players.verify(token); }
 * }
 * ```
 */
export interface RealtimeAuthenticator {
  /** Runs only for callers that present credentials. Rejects like {@link Authenticate}. */
  authenticate(request: RealtimeRequest, token: string): ReturnType<Authenticate>;
}

/** Options of `RealtimeModule.forRoot`. Durations are milliseconds, sizes are bytes. 0 switches a limit off. */
export interface RealtimeModuleOptions {
  /** Path of the WebSocket. Default `/ws`. */
  readonly path?: string;
  /** Prefix of the HTTP binding. Default `/realtime`. */
  readonly httpPath?: string;
  /** Feature flag. `false` rejects upgrades with 503 and tells clients to poll. Default true. */
  readonly enabled?: boolean;
  /** Verifies credentials. Default: none, and every caller is anonymous. */
  readonly authenticate?: Authenticate;
  /**
   * A class that verifies credentials instead of `authenticate`. The module uses the instance that a module of the
   * application provides; else it creates one, whose dependencies must be global. A class with a scope other than the
   * default stops the start. Default: none.
   */
  readonly authenticator?: Type<RealtimeAuthenticator> | RealtimeAuthenticator;
  /**
   * Cookie whose value is a token, for pages on the same site. Needs `authenticate` or `authenticator`. Default: none.
   */
  readonly cookie?: string;
  /**
   * Guards that run when a client connects: before the server accepts the upgrade if the credentials come with it, else
   * at `hello`. The module uses one instance of each class for all callers. A class with a scope other than the default
   * stops the start. Default: none.
   */
  readonly connectionGuards?: readonly (Type<CanActivate> | CanActivate)[];
  /**
   * Exact origins, such as `https://play.example`, or `capacitor://localhost` for the shell of an application. `null`
   * also allows sandboxed frames of any website. Default: the origin whose host equals the request's `Host`.
   */
  readonly allowedOrigins?: readonly string[];
  /** Accepts every origin. Default false. */
  readonly allowAnyOrigin?: boolean;
  /**
   * Addresses or CIDR blocks of proxies, or `'loopback'`. The server believes their `X-Forwarded-For` and
   * `X-Forwarded-Host`. Default: none.
   */
  readonly trustedProxies?: readonly string[];
  /** `ping` and `pong` frames between server and clients. */
  readonly heartbeat?: {
    /** Silence after which the server sends a `ping`. Default 30,000. */
    readonly intervalMs?: number;
    /** Time for the answer; then the connection ends. Default 10,000. */
    readonly timeoutMs?: number;
  };
  /** Polling of clients without a WebSocket. */
  readonly polling?: {
    /** Time between the starts of two polls. The server sends it to clients. Default 2,000. */
    readonly intervalMs?: number;
  };
  /** `POST {httpPath}/publish`, for services that are not written for Node. */
  readonly httpPublish?: {
    /**
     * Tokens of services that may publish to every topic: at least 32 characters without spaces. Every token counts, so
     * that a new one can replace an old one without an interruption. Default: none, and the route does not exist.
     */
    readonly tokens?: readonly string[];
  };
  /** Time for which the broker remembers an answer that the client does not confirm. Default 120,000. */
  readonly actionWindowMs?: number;
  /**
   * Oldest version of the contract that clients should have, their `contractVersion`. Older clients learn that they are
   * outdated, and the log counts them; the server rejects none of them. A client without a version is older than every
   * version. Default 0: no client is outdated.
   */
  readonly minContract?: number;
  /** Global enhancers of the application that apply to topics and actions. Default: guards and pipes. */
  readonly globalEnhancers?: readonly ('guards' | 'pipes' | 'interceptors' | 'filters')[];
  /** History of the memory broker. */
  readonly history?: {
    /** Publications kept per topic. Default 1,024. */
    readonly count?: number;
    /** Bytes kept per topic. Default 1 MiB. */
    readonly bytes?: number;
    /** Age up to which publications and idle topics stay, by the monotonic clock. Default 300,000. */
    readonly ageMs?: number;
  };
  /** Limits, in groups. Default: every limit has its own default. */
  readonly limits?: { readonly [Group in keyof RealtimeLimits]?: Partial<RealtimeLimits[Group]> };
  /** The end of a node. */
  readonly drain?: {
    /**
     * Clients reconnect at a random moment of this window. 0: at once, and the port is free at once. Default 5,000 with
     * `NODE_ENV=production`, else 0, so that `nest start --watch` restarts at once.
     */
    readonly windowMs?: number;
    /** Connections that get the drain frame together. Default 100. */
    readonly batch?: number;
  };
  /** Presence topics, for topics with an `@OnPresence` handler. */
  readonly presence?: {
    /**
     * Time for which a member stays after its connection ended, so that a reload, a reconnect or a change of the
     * transport does not look like leaving. A polling client stays for at least twice `polling.intervalMs`. A client
     * that unsubscribes leaves at once. Default 10,000.
     */
    readonly graceMs?: number;
    /** Shortest pause between two publications of one presence topic. Default 250. */
    readonly intervalMs?: number;
    /**
     * Members in the list; all others are only counted. 0: the list is empty. The list must fit
     * `limits.frames.publicationBytes` with `infoBytes` for each member. Default 100, or as many as fit.
     */
    readonly members?: number;
    /** Largest JSON of one member, at least 1. Default 1,024. */
    readonly infoBytes?: number;
  };
  /**
   * A broker, or a function that makes one when the application starts. It may return a promise: the start waits for the
   * broker, and fails with the error of the function. Default: `memoryBroker()`.
   */
  readonly broker?: Broker | BrokerFactory;
  /** Clock, timers, random numbers and ids; for tests. */
  readonly environment?: Partial<Environment>;
}

/** Options of `RealtimePublisherModule.forRoot`. The other processes of the application have the same. */
export interface RealtimePublisherModuleOptions extends Pick<
  RealtimeModuleOptions,
  'history' | 'actionWindowMs' | 'environment'
> {
  /**
   * A broker that other processes share, or a function that makes one when the application starts. The start waits for
   * the broker, and fails with the error of the function. A memory broker stops the start.
   */
  readonly broker: Broker | BrokerFactory;
  /** The limits of a publisher. */
  readonly limits?: { readonly frames?: Partial<Pick<FrameOptions, 'publicationBytes'>> };
}

/** Changes the options of the module before it checks them; see `REALTIME_OPTIONS_OVERRIDE`. */
export type RealtimeOptionsOverride = (options: RealtimeModuleOptions) => RealtimeModuleOptions;

/** Limits of what clients send and of what the server publishes. */
export interface FrameOptions {
  /**
   * Largest action that a client may send, as a frame or as an HTTP body. Other frames may have 16 KiB where this is
   * less. Default 64 KiB.
   */
  readonly bytes: number;
  /** Deepest nesting of JSON that a client may send. Default 32. */
  readonly depth: number;
  /** Frames per second of one connection. Bursts of twice as many pass. Default 20. */
  readonly perSecond: number;
  /**
   * Frames and requests per second of all connections and polls of one user. Bursts of twice as many pass. The default
   * lets ten tabs send at the full rate of a connection. Off when this or `perSecond` is 0. Default 200.
   */
  readonly perSecondPerUser: number;
  /**
   * The same for one address, which may be that of an office or of a mobile network. The default lets 200 connections
   * send at their full rate. An address is an IPv4 address or the /64 of an IPv6 address. Default 4,000.
   */
  readonly perSecondPerAddress: number;
  /**
   * Frames of one connection above these rates within 10 s, after which the server closes it with 4100. Default 100.
   */
  readonly rejected: number;
  /** Malformed frames of one connection within 10 s, after which the server closes it with 4000. Default 10. */
  readonly malformed: number;
  /** Frames of one connection that wait for their turn. Default 64. */
  readonly waiting: number;
  /** Frames that wait for the answer to `hello`, above which the server stops reading. Default 256. */
  readonly pipelined: number;
  /** Bytes that wait for the answer to `hello`, above which the server stops reading. Default 256 KiB. */
  readonly pipelinedBytes: number;
  /** Largest published value. Above this size `RealtimeBus.publish` rejects. Default 256 KiB. */
  readonly publicationBytes: number;
}

/** Limits of connections, and of the topics of a connection. */
export interface ConnectionOptions {
  /** Connections of one user. A page above the limit polls until another one closes. Default 20. */
  readonly perUser: number;
  /** Connections of one IPv4 address, or of the /64 of an IPv6 address. Default 200. */
  readonly perAddress: number;
  /**
   * New connections per second of one user. Bursts of twice `perUser` pass, so that all of them may reconnect twice
   * after an outage. Off when this or `perUser` is 0. Default 20.
   */
  readonly newPerSecondPerUser: number;
  /**
   * New connections per second of one address. Bursts of `perAddress` pass, so that all clients behind a NAT may
   * reconnect at once. Off when this or `perAddress` is 0. Default 50.
   */
  readonly newPerSecondPerAddress: number;
  /** Connections of one address that are not admitted yet. Default 20. */
  readonly pendingPerAddress: number;
  /**
   * Topics that one connection may follow, and new topics that it may name per second. Bursts of twice as many pass.
   * The rate is at least `frames.perSecond`, and unlimited when that is 0. Default 128.
   */
  readonly subscriptions: number;
}

/** Limits of the bytes that wait for slow readers. */
export interface OutboxOptions {
  /** Bytes that wait for one connection, above which its state topics conflate. Default 64 KiB. */
  readonly softMarkBytes: number;
  /** Bytes that wait for one connection, above which the server closes it with 4101. Default 1 MiB. */
  readonly hardMarkBytes: number;
  /**
   * Bytes that wait for all connections of the process. Above this limit the server closes slow readers with 4101,
   * starting with the reader that has been above `softMarkBytes` the longest, then with the one whose bytes wait the
   * longest. Default 256 MiB.
   */
  readonly totalBytes: number;
}

/** Limits of time, in milliseconds. */
export interface TimeoutOptions {
  /**
   * Time for the head of an HTTP request or upgrade to arrive, checked once a second. The module sets the application's
   * HTTP server to it, unless the server's own `headersTimeout` is shorter. Default 9,000.
   */
  readonly headMs: number;
  /** Time for `hello` to arrive. Default 5,000. */
  readonly helloMs: number;
  /**
   * Time to verify `hello`. Default 10,000. With 0 the server rejects credentials with `timeout` when their
   * verification outlived the revocation log; the client may present them again.
   */
  readonly authenticationMs: number;
  /** Time for the first value of a topic. Default 2,000. */
  readonly loadMs: number;
  /** Time for the handler of an action. Default 30,000. */
  readonly actionMs: number;
  /** Time in which a reader takes nothing, after which the server closes its connection with 4101. Default 10,000. */
  readonly stalledMs: number;
  /** Time without a subscriber after which the node releases a topic. Default 60,000. */
  readonly lingerMs: number;
}

/** Every limit. The README lists the defaults and what happens above each. 0 switches a limit off. */
export interface RealtimeLimits {
  /** Limits of frames and published values. */
  readonly frames: FrameOptions;
  /** Limits of connections and their topics. */
  readonly connections: ConnectionOptions;
  /** Limits of the bytes that wait for slow readers. */
  readonly outbox: OutboxOptions;
  /** Limits of time. */
  readonly timeouts: TimeoutOptions;
}

/** Options of a memory broker. 0 switches a limit off. */
export interface MemoryBrokerOptions {
  /**
   * Starts as one of several processes, each with topics, actions and presence of its own: as a worker of
   * `node:cluster`, or as one of several instances of PM2. Default false: the start fails, because a publication would reach
   * only the clients of its own process.
   */
  readonly separateProcesses?: boolean;
  /**
   * Maximum number of topics without listeners. Above it the broker forgets the least recently used one, even before
   * its age. A client that returns to a forgotten topic finds a new epoch. Default 20,000.
   */
  readonly maxIdleTopics?: number;
  /** Maximum bytes of the values and publications of those topics, approximately. Default 64 MiB. */
  readonly maxIdleBytes?: number;
  /**
   * Maximum number of running actions and of answers that clients have not confirmed. A user, or an address for
   * anonymous clients, may use a tenth of what is free of the first half, but always a thousandth of all. One client
   * may use half of what its user has free. The server rejects further actions. Default 100,000.
   */
  readonly maxClaims?: number;
  /** Maximum number of characters of these answers, with the same shares. Default 67,108,864. */
  readonly maxAnswerCharacters?: number;
}

type Filled<T> = { readonly [Key in keyof T]-?: T[Key] };

/** The options that the module reads: checked at start, with every default filled in. */
export interface ResolvedRealtimeOptions {
  readonly path: string;
  readonly httpPath: string;
  readonly enabled: boolean;
  readonly authenticate: RealtimeModuleOptions['authenticate'];
  readonly authenticator: RealtimeModuleOptions['authenticator'];
  readonly cookie: string | undefined;
  readonly connectionGuards: NonNullable<RealtimeModuleOptions['connectionGuards']>;
  readonly allowedOrigins: readonly string[] | undefined;
  readonly allowAnyOrigin: boolean;
  readonly trustedProxies: readonly string[];
  readonly heartbeat: Filled<NonNullable<RealtimeModuleOptions['heartbeat']>>;
  readonly polling: Filled<NonNullable<RealtimeModuleOptions['polling']>>;
  readonly httpPublish: Filled<NonNullable<RealtimeModuleOptions['httpPublish']>>;
  readonly actionWindowMs: number;
  readonly minContract: number;
  readonly globalEnhancers: NonNullable<RealtimeModuleOptions['globalEnhancers']>;
  readonly history: Filled<NonNullable<RealtimeModuleOptions['history']>>;
  readonly limits: RealtimeLimits;
  readonly drain: Filled<NonNullable<RealtimeModuleOptions['drain']>>;
  readonly presence: Filled<NonNullable<RealtimeModuleOptions['presence']>>;
  readonly environment: Environment;
}
