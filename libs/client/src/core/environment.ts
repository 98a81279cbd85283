/**
 * The part of the WHATWG `WebSocket` that the client uses. The handlers are compared bivariantly, so that a DOM
 * `WebSocket` and one of the `ws` package both fit without a cast.
 */
export interface WebSocketLike {
  /** Called once, when the WebSocket opens. */
  onopen: { handle(event: unknown): void }['handle'] | null;
  /** Called for each message. `data` is a string for text messages. */
  onmessage: { handle(event: { readonly data: unknown }): void }['handle'] | null;
  /** Called once, when the WebSocket has closed. 1006: without a close frame. */
  onclose: { handle(event: { readonly code: number; readonly reason: string }): void }['handle'] | null;
  /** Called before `onclose` if the WebSocket fails. The client ignores the event. */
  onerror: { handle(event: unknown): void }['handle'] | null;
  /** 0: connecting, 1: open, 2: closing, 3: closed. */
  readonly readyState: number;
  /** Bytes that `send()` has taken and the network has not. */
  readonly bufferedAmount: number;
  /** Sends a text message. Throws before the WebSocket is open. */
  send(data: string): void;
  /** Starts the closing handshake, or gives up the attempt to connect. Default code 1000. */
  close(code?: number, reason?: string): void;
}

/** 24.8 days. Hosts store delays in 32 bits; they run a timer with a longer delay at once. */
export const MAX_TIMER_DELAY_MS = 2 ** 31 - 1;

/** A timer that has not fired yet. */
export interface Timer {
  /** Prevents the callback. Does nothing after the callback ran. */
  cancel(): void;
}

/** The code of the HTTP fallback: `httpFallback` of `@statewire/client/http-fallback`. Its members are internal. */
export interface HttpFallbackCode {
  /** For the client only. */
  readonly createHttpParts: (...internals: never[]) => unknown;
}

/**
 * Everything impure that the client uses: clocks, timers, randomness, ids, sockets and requests. The option
 * `environment` replaces any part of it in tests and in hosts that lack one.
 */
export interface ClientEnvironment {
  /** Returns the wall clock in milliseconds since the Unix epoch. */
  now(): number;
  /** Returns the milliseconds of a monotonic clock. */
  monotonic(): number;
  /** Calls `callback` once after `delayMs`, which is at most {@link MAX_TIMER_DELAY_MS}. */
  setTimer(callback: () => void, delayMs: number): Timer;
  /** Returns a number that is uniformly distributed in [0, 1). */
  random(): number;
  /** Returns a fresh id that matches `[A-Za-z0-9_-]{22,64}` and has at least 128 random bits. */
  id(): string;
  /** Runs `task` after the current task. Default: `queueMicrotask` of the host. */
  readonly queueMicrotask?: (task: () => void) => void;
  /**
   * Opens a WebSocket. Undefined where the host has none; the client then polls. May throw (content security policy).
   */
  readonly openWebSocket: ((url: string, protocol: string) => WebSocketLike) | undefined;
  /** Undefined where the host has no `fetch`; the client then cannot poll. */
  readonly fetch: typeof globalThis.fetch | undefined;
  /**
   * Returns the code of the HTTP fallback. The client calls it with its first connection, and again after a failure.
   * Default: a dynamic `import()` in browsers, so that a page loads the code beside the connection; in Node the code is
   * there from the start. Undefined here means the default.
   */
  readonly loadHttpFallback?: (() => HttpFallbackCode | Promise<HttpFallbackCode>) | undefined;
  /**
   * Takes the lock `name` if it is free. All pages of the browser share it. Resolves with a function that releases it,
   * or with undefined. The client holds a poll only with this lock. Undefined where clients share no connections, as in
   * Node.
   */
  readonly tryLock: ((name: string) => Promise<(() => void) | undefined>) | undefined;
  /**
   * Calls `callback` when the network is back (`online`), and when the page becomes visible or is no longer frozen
   * (`visible`). Returns a function that removes the listeners.
   */
  onWake(callback: (cause: 'online' | 'visible') => void): () => void;
  /**
   * Calls `callback` with true when the user leaves the page, and with false when the page comes back from the
   * back/forward cache of the browser. Returns a function that removes the listeners.
   */
  onPause(callback: (isPaused: boolean) => void): () => void;
}
