import { MAX_TIMER_DELAY_MS, type ClientEnvironment } from './environment.js';

/**
 * Returns the environment of a browser, or of Node with its global `fetch` and (from Node 22) `WebSocket`. Without a
 * global `WebSocket` the client polls. In Node 20 pass `openWebSocket: (url, protocol) => new WebSocket(url, protocol)`
 * with the class of the `ws` package.
 */
export function browserEnvironment(): ClientEnvironment {
  const WebSocketClass = globalThis.WebSocket as typeof globalThis.WebSocket | undefined;
  return {
    now: () => Date.now(),
    monotonic: () => performance.now(),
    setTimer(callback, delay) {
      const timer = setTimeout(callback, Math.min(delay, MAX_TIMER_DELAY_MS));
      return { cancel: () => clearTimeout(timer) };
    },
    random: () => Math.random(),
    id: randomId,
    openWebSocket: WebSocketClass && ((url, protocol) => new WebSocketClass(url, protocol)),
    fetch: (globalThis.fetch as typeof globalThis.fetch | undefined)?.bind(globalThis),
    tryLock: 'location' in globalThis ? tryLock : undefined,
    onWake,
    onPause,
  };
}

/** Returns 128 random bits as 22 characters of base64url. Insecure pages have no `crypto.randomUUID`. */
function randomId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .slice(0, 22);
}

/** Web Locks. Pages without them (insecure pages, old browsers) get no lock. */
function tryLock(name: string): Promise<(() => void) | undefined> {
  const { locks } = navigator as { readonly locks?: LockManager };
  return new Promise((resolve) => {
    if (locks === undefined) return resolve(undefined);
    const hold = (lock: unknown) => (lock ? new Promise<void>(resolve) : resolve(undefined));
    locks.request(name, { ifAvailable: true }, hold).catch(() => resolve(undefined));
  });
}

function onWake(callback: (cause: 'online' | 'visible') => void): () => void {
  const page = (globalThis as { document?: Document }).document;
  return joined(
    listen(globalThis, 'online', () => callback('online')),
    ...['visibilitychange', 'resume'].map((event) =>
      listen(page, event, () => {
        if (page?.visibilityState === 'visible') callback('visible');
      }),
    ),
  );
}

function onPause(callback: (isPaused: boolean) => void): () => void {
  return joined(
    listen(globalThis, 'pagehide', () => callback(true)),
    listen(globalThis, 'pageshow', () => callback(false)),
  );
}

function joined(...functions: readonly (() => void)[]): () => void {
  return () => functions.forEach((each) => each());
}

/** Adds a listener where the host has events. @returns a function that removes it. */
function listen(target: Partial<EventTarget> | undefined, event: string, listener: () => void): () => void {
  target?.addEventListener?.(event, listener);
  return () => target?.removeEventListener?.(event, listener);
}
