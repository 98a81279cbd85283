import { inject, InjectionToken } from '@angular/core';
import { CLOSE_CODES } from '@statewire/protocol';
import {
  browserEnvironment,
  type RealtimeClient,
  type RealtimeClientOptions,
  type ConnectionStatus,
  type StatusReason,
  type Timer,
} from '@statewire/client';

/** A page that polls or reaches nothing for longer than this has a problem, or a server without WebSockets. */
const PATIENCE_MS = 10_000;

/** Codes of a WebSocket that the application or the server switched off on purpose. */
const SWITCHED_OFF: ReadonlySet<string> = new Set(['switched-off', `close-${CLOSE_CODES.switchedOff.code}`]);

/** Writes a warning for the developer. Tests that deny a page on purpose replace it. */
export const WARN = new InjectionToken<(text: string) => void>('WARN', {
  providedIn: 'root',
  // eslint-disable-next-line no-console -- a developer of a page looks at the console first
  factory: () => (text) => console.warn(`Statewire: ${text}`),
});

/** The addresses of the server, and the origin of the page. */
interface Place {
  readonly origin: string | undefined;
  readonly page: string | undefined;
  readonly webSocketPath: string;
  readonly httpPath: string;
}

/**
 * Warns once if the server rejects the page, once if the page polls for more than 10 s, and once if it reaches no
 * server for 10 s after its start, each with reason and remedy. Call it in development only.
 */
export function warnInDevelopment(client: RealtimeClient, options: RealtimeClientOptions): void {
  const { environment, origin, webSocketPath = '/ws', httpPath = '/realtime' } = options;
  const warn = inject(WARN);
  const { setTimer } = { ...browserEnvironment(), ...environment };
  const given = new Set<string>();
  const place = { origin, webSocketPath, httpPath, page: globalThis.location?.origin };
  let wasLive = false;
  let wasReached = false;
  let timer: Timer | undefined;
  let awaited: ConnectionStatus['state'] | undefined;

  const warnOnce = (kind: string, text: string): void => {
    if (!given.has(kind)) warn(text);
    given.add(kind);
  };

  /** Calls `report` if the page stays in this state. */
  const awaitLong = (state: ConnectionStatus['state'], report: () => void): void => {
    if (awaited === state) return;
    timer?.cancel();
    awaited = state;
    timer = setTimer(report, PATIENCE_MS);
  };

  client.status$.subscribe((status) => {
    const { state } = status;
    if (state === 'live') wasLive = true;
    if (state === 'live' || state === 'polling') wasReached = true;
    if (state === 'denied') warnOnce('denied', describeDenial(status.reason));
    if (isStuck(status, wasReached)) {
      awaitLong(state, () => {
        const { status } = client;
        if (status.state === 'polling') warnOnce('polling', describePolling(status.reason, wasLive, webSocketPath));
        if (status.state === 'offline') warnOnce('offline', describeSilence(status.reason, place));
      });
    } else {
      timer?.cancel();
      awaited = undefined;
    }
  });
}

/**
 * Whether a page in this state for long needs a warning. A page that reached its server before needs none: the server is
 * away. A page without a token needs none either: its visitor may have to sign in.
 */
function isStuck(status: ConnectionStatus, wasReached: boolean): boolean {
  if (status.state === 'polling') return !SWITCHED_OFF.has(status.reason.code);
  return status.state === 'offline' && !wasReached && status.reason.code !== 'signed-out';
}

function describeDenial({ code, message }: StatusReason): string {
  return `the server rejects this page (${code}). ${message}`;
}

function describePolling({ code, message }: StatusReason, wasLive: boolean, webSocketPath: string): string {
  const fact = `the page has been polling for ${PATIENCE_MS / 1_000} s, because its WebSocket does not open (${code}: ${message}).`;
  if (wasLive) return `${fact} Check that no proxy or firewall in front of the server ends WebSockets.`;
  return (
    `${fact} HTTP works, so a proxy in front of the server probably does not pass WebSockets on. Let it forward upgrades of ` +
    `"${webSocketPath}"; a development proxy needs "ws": true for that path (proxy.conf.json of Angular, server.proxy of Vite).`
  );
}

function describeSilence({ code, message }: StatusReason, { origin, page, webSocketPath, httpPath }: Place): string {
  const server = origin ?? page;
  const fact = `the page has reached no server for ${PATIENCE_MS / 1_000} s at ${server} (${code}: ${message}).`;
  if (server !== page) {
    return `${fact} Check that the server runs there, and that its option allowedOrigins has "${page}". Its log names each origin that it rejects.`;
  }
  return (
    `${fact} Check that the server runs, and that the development server passes "${webSocketPath}" and "${httpPath}" on to ` +
    'it (proxy.conf.json of Angular, server.proxy of Vite).'
  );
}
