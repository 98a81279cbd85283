/** The part of the WHATWG `WebSocket` that a client of Statewire uses. */
export interface WebSocketLike {
  onopen: Handler<unknown> | null;
  onmessage: Handler<{ readonly data: unknown }> | null;
  onclose: Handler<{ readonly code: number; readonly reason: string }> | null;
  onerror: Handler<unknown> | null;
  readonly readyState: number;
  readonly bufferedAmount: number;
  send(data: string): void;
  close(code?: number, reason?: string): void;
}

/** Bivariant, so that a DOM `WebSocket` and a `WebSocket` of the `ws` package both fit without a cast. */
type Handler<Event> = { handle(event: Event): void }['handle'];

export interface Timer {
  cancel(): void;
}

/**
 * The environment that a test gives to a client or a server: clock, timers, randomness and sockets. It has the same
 * shape as the environments of `@statewire/client` and `@statewire/nest`, and this package imports neither of them.
 */
export interface TestEnvironment {
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /** Milliseconds of a clock that never goes back. */
  monotonic(): number;
  /** `delay` is in milliseconds. */
  setTimer(callback: () => void, delay: number): Timer;
  /** Uniform in [0, 1). */
  random(): number;
  /** A fresh id of `[A-Za-z0-9_-]{22,64}`. */
  id(): string;
  /** Runs a task after the current one. Default: `queueMicrotask` of the host. */
  readonly queueMicrotask?: (task: () => void) => void;
  readonly openWebSocket: ((url: string, protocol: string) => WebSocketLike) | undefined;
  readonly fetch: typeof globalThis.fetch | undefined;
}
