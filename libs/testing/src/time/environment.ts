/**
 * The part of the WHATWG `WebSocket` that a client of Statewire uses. The handlers are compared bivariantly, so that a
 * DOM `WebSocket` and one of the `ws` package both fit without a cast.
 */
export interface WebSocketLike {
  /** Called once, when the WebSocket opens. */
  onopen: { handle(event: unknown): void }['handle'] | null;
  /** Called for each message. `data` is a string for text messages. */
  onmessage: { handle(event: { readonly data: unknown }): void }['handle'] | null;
  /** Called once, when the WebSocket has closed. 1006: without a close frame. */
  onclose: { handle(event: { readonly code: number; readonly reason: string }): void }['handle'] | null;
  /** Called before `onclose` if the WebSocket fails. */
  onerror: { handle(event: unknown): void }['handle'] | null;
  /** 0: connecting, 1: open, 2: closing, 3: closed. */
  readonly readyState: number;
  /** Bytes that `send()` has taken and the network has not. */
  readonly bufferedAmount: number;
  /** Sends a text message. Throws before the WebSocket is open. */
  send(data: string): void;
  /** Closes the WebSocket, or gives up the attempt to connect. Default code 1000. */
  close(code?: number, reason?: string): void;
}

/** A timer that has not fired yet. */
export interface Timer {
  /** Prevents the callback. Does nothing after the callback ran. */
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
  /** Opens a WebSocket. Undefined: the host has none. {@link FakeServer} sets it. */
  readonly openWebSocket: ((url: string, protocol: string) => WebSocketLike) | undefined;
  /** Sends an HTTP request. Undefined: the host has none. {@link FakeServer} sets it. */
  readonly fetch: typeof globalThis.fetch | undefined;
}
