/** One of the two who are connected. */
export type Side = 'client' | 'server';

/** Which connections something befalls: those that are open now, or those to come as well. */
export type Reach = 'open' | 'all';

/** `pass`: to the server; `refuse`: a proxy answers 403; `hang`: no answer at all. */
export type UpgradeMode = 'pass' | 'refuse' | 'hang';

/**
 * - `pass`: to the server.
 * - `unreachable`: the request fails at once.
 * - `hang`: no answer at all.
 * - `bad-gateway`: a proxy answers 502, and the server has seen nothing.
 * - `answer-lost`: the server has done what it was asked, and the proxy answers 502.
 */
export type HttpMode = 'pass' | 'unreachable' | 'hang' | 'bad-gateway' | 'answer-lost';

/** What can be done to a network: to that of one client, or to that of everybody. */
export interface NetworkFaults {
  /** From now on bytes take `ms`, and up to `jitter` ms more, from one side to the other. */
  latency(ms: number, jitter?: number): void;
  /** From now on each direction of a connection carries so many bytes a second. 0: as many as come. */
  throttle(bytesPerSecond: number): void;
  /** From now on bytes arrive in pieces of this size at most. 0: as they are sent. */
  slice(bytes: number): void;
  /** Every connection is reset: what is on the way is lost, and both sides are told. New ones can be made. */
  cut(): void;
  /**
   * Every connection is reset after so many more bytes in either direction, in the middle of a frame if need be; so is
   * the next one where there is none.
   */
  cutAfter(bytes: number): void;
  /** Every connection ends for one side only. The other goes on sending into the void. */
  halfOpen(told: Side): void;
  /**
   * Nothing gets through any more, and nobody is told, until {@link heal}.
   *
   * @param reach `all`, the default: new connections hang as well. `open`: they do not, as where something in between
   * forgot the ones that are open now.
   */
  blackhole(reach?: Reach): void;
  /** A black hole that ends by itself after `ms`; what was sent meanwhile arrives then. */
  freeze(ms: number): void;
  /** The client reads nothing, so that what the server sends piles up there. Until {@link heal}. */
  stopReading(): void;
  /** The next HTTP requests reach the server twice, the second time when the first was answered, as proxies retry. */
  duplicate(requests?: number): void;
  /** What becomes of WebSocket upgrades, until {@link heal}. */
  upgrades(mode: UpgradeMode): void;
  /** What becomes of HTTP requests, until {@link heal}. */
  http(mode: HttpMode): void;
  /** Everything is again as it was at the beginning; what was held back arrives. */
  heal(): void;
}
