import { LONGEST_DELAY, type Environment } from './environment.js';

/**
 * What a browser offers, and Node with its global `fetch` and (from Node 22) `WebSocket`. Where there is no global
 * `WebSocket` the client polls; in Node 20 pass `openWebSocket: (url, protocol) => new WebSocket(url, protocol)` with
 * the class of the `ws` package.
 */
export function browserEnvironment(): Environment {
  const WebSocketClass = globalThis.WebSocket as typeof globalThis.WebSocket | undefined;
  return {
    now: () => Date.now(),
    monotonic: () => performance.now(),
    setTimer(callback, delay) {
      const timer = setTimeout(callback, Math.min(delay, LONGEST_DELAY));
      return { cancel: () => clearTimeout(timer) };
    },
    random: () => Math.random(),
    id: randomId,
    openWebSocket: WebSocketClass && ((url, protocol) => new WebSocketClass(url, protocol)),
    fetch: (globalThis.fetch as typeof globalThis.fetch | undefined)?.bind(globalThis),
    onWake,
  };
}

/** 128 random bits in base64url: 22 characters. `crypto.randomUUID` is missing on pages that are not secure. */
function randomId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .slice(0, 22);
}

function onWake(callback: (cause: 'online' | 'visible') => void): () => void {
  if (typeof addEventListener !== 'function') return () => undefined;
  const page = typeof document === 'undefined' ? undefined : document;
  const online = () => callback('online');
  const visible = () => {
    if (page?.visibilityState === 'visible') callback('visible');
  };
  addEventListener('online', online);
  page?.addEventListener('visibilitychange', visible);
  return () => {
    removeEventListener('online', online);
    page?.removeEventListener('visibilitychange', visible);
  };
}
