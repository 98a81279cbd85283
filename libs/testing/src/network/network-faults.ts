/** An end of a connection. */
export type Side = 'client' | 'server';

/** The connections that a fault affects: those that are open now, or all, including later ones. */
export type FaultScope = 'open' | 'all';

/**
 * What happens to a WebSocket upgrade.
 *
 * - `pass`: it reaches the server.
 * - `reject`: a proxy answers 403.
 * - `hang`: it gets no answer.
 */
export type UpgradeMode = 'pass' | 'reject' | 'hang';

/**
 * What happens to an HTTP request.
 *
 * - `pass`: it reaches the server.
 * - `unreachable`: it fails at once.
 * - `hang`: it gets no answer.
 * - `bad-gateway`: a proxy answers 502 without asking the server.
 * - `answer-lost`: the server handles the request, and a proxy answers 502 instead of the server.
 * - a {@link ForeignAnswer}: something before the server answers.
 */
export type HttpMode = 'pass' | 'unreachable' | 'hang' | 'bad-gateway' | 'answer-lost' | ForeignAnswer;

/** The answer of a proxy, a gateway or a captive portal to a request that the server does not see. */
export interface ForeignAnswer {
  /** The status code of HTTP. */
  readonly status: number;
  /** A text, or a value that is sent as JSON. Default: empty. */
  readonly body?: unknown;
}

/**
 * The faults of a network that carries whole messages: the frames of WebSockets, and HTTP requests. Every kit has them.
 */
export interface MessageFaults {
  /** Delays everything by `ms`, and by a random time up to `jitter` ms more. The order stays. */
  latency(ms: number, jitter?: number): void;

  /** Resets every open connection. Everything under way is lost, and both ends notice at once. New connections work. */
  cut(): void;

  /**
   * Holds everything back, and neither end notices. {@link restore} delivers it.
   *
   * @param scope `all` (default): new connections hang as well. `open`: new connections work, as if a firewall had
   * dropped the state of the open ones.
   */
  blackhole(scope?: FaultScope): void;

  /** Holds everything back for `ms`, and then delivers it. */
  freeze(ms: number): void;

  /**
   * Delivers the next HTTP requests to the server twice, as a proxy that retries does. The second copy may arrive after
   * the client has the answer.
   *
   * @param requests number of requests. Default 1.
   */
  duplicate(requests?: number): void;

  /** Decides what happens to WebSocket upgrades until {@link restore}. Open WebSockets stay. */
  upgrades(mode: UpgradeMode): void;

  /** Decides what happens to HTTP requests until {@link restore}. */
  http(mode: HttpMode): void;

  /** Ends every fault, returns to the initial conditions, and delivers what was held back. */
  restore(): void;
}

/** The faults of a network that carries bytes: that of one client, or that of all clients. */
export interface NetworkFaults extends MessageFaults {
  /** Limits each direction of a connection to this many bytes per second. 0: no limit. */
  bandwidth(bytesPerSecond: number): void;

  /** Delivers bytes in pieces of at most this size. 0: as they were sent. */
  slice(bytes: number): void;

  /**
   * Resets every open connection after this many more bytes in either direction, even in the middle of a frame. Without
   * an open connection it applies to the next one.
   */
  cutAfter(bytes: number): void;

  /**
   * Resets every open connection for one end only. The other end does not notice, and loses everything that it sends.
   *
   * @param notified the end that notices.
   */
  halfOpen(notified: Side): void;

  /** Lets the client read nothing, so that the server's bytes pile up, until {@link restore}. */
  stopReading(): void;
}
