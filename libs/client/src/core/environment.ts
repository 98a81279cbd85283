/** Compared bivariantly, so that a DOM `WebSocket` and one of the `ws` package both fit without a cast. */
type Handler<Event> = { handle(event: Event): void }['handle'];

/** The part of the WHATWG `WebSocket` that is used. */
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

/** Milliseconds, 24.8 days: hosts keep delays in 32 bits, and run a timer that is set for longer at once. */
export const LONGEST_DELAY = 2 ** 31 - 1;

export interface Timer {
  cancel(): void;
}

/** Everything impure the client uses; replace any part of it in tests and in unusual hosts. */
export interface Environment {
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /** Milliseconds of a clock that never goes back. */
  monotonic(): number;
  /** `delay` is at most {@link LONGEST_DELAY}. */
  setTimer(callback: () => void, delay: number): Timer;
  /** Uniform in [0, 1). */
  random(): number;
  /** A fresh id of `[A-Za-z0-9_-]{22,64}`, ≥ 128 random bits. */
  id(): string;
  /** Undefined where the host has no WebSocket. May throw (content security policy). */
  readonly openWebSocket: ((url: string, protocol: string) => WebSocketLike) | undefined;
  readonly fetch: typeof globalThis.fetch | undefined;
  /** Calls back on `online`, and when the page becomes visible; returns what removes the listeners. */
  onWake(callback: (cause: 'online' | 'visible') => void): () => void;
}
