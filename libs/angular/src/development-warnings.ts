import { inject, InjectionToken } from '@angular/core';
import { CLOSE_CODES } from '@statewire/protocol';
import {
  browserEnvironment,
  type RealtimeClient,
  type RealtimeClientOptions,
  type StatusReason,
  type Timer,
} from '@statewire/client';

/** A page that polls for longer than this has a problem, or a server without WebSockets. */
const POLLING_MS = 10_000;

/** Codes of a WebSocket that the application or the server switched off on purpose. */
const SWITCHED_OFF: ReadonlySet<string> = new Set(['switched-off', `close-${CLOSE_CODES.switchedOff.code}`]);

/** Writes a warning for the developer. Tests that deny a page on purpose replace it. */
export const WARN = new InjectionToken<(text: string) => void>('WARN', {
  providedIn: 'root',
  // eslint-disable-next-line no-console -- a developer of a page looks at the console first
  factory: () => (text) => console.warn(`Statewire: ${text}`),
});

/**
 * Warns once if the server rejects the page, and once if the page polls for more than 10 s, each with reason and remedy. Call
 * it in development only.
 */
export function warnInDevelopment(
  client: RealtimeClient,
  { environment, webSocketPath = '/ws' }: RealtimeClientOptions,
): void {
  const warn = inject(WARN);
  const { setTimer } = { ...browserEnvironment(), ...environment };
  const given = new Set<string>();
  let wasLive = false;
  let timer: Timer | undefined;

  const warnOnce = (kind: string, text: string): void => {
    if (!given.has(kind)) warn(text);
    given.add(kind);
  };

  client.status$.subscribe((status) => {
    if (status.state === 'live') wasLive = true;
    if (status.state === 'denied') warnOnce('denied', describeDenial(status.reason));
    if (status.state !== 'polling') {
      timer?.cancel();
      timer = undefined;
    } else if (!SWITCHED_OFF.has(status.reason.code)) {
      timer ??= setTimer(() => {
        const { status } = client;
        if (status.state === 'polling') warnOnce('polling', describePolling(status.reason, wasLive, webSocketPath));
      }, POLLING_MS);
    }
  });
}

function describeDenial({ code, message }: StatusReason): string {
  return `the server rejects this page (${code}). ${message}`;
}

function describePolling({ code, message }: StatusReason, wasLive: boolean, webSocketPath: string): string {
  const fact = `the page has been polling for ${POLLING_MS / 1_000} s, because its WebSocket does not open (${code}: ${message}).`;
  if (wasLive) return `${fact} Check that no proxy or firewall in front of the server ends WebSockets.`;
  return (
    `${fact} HTTP works, so a proxy in front of the server probably does not pass WebSockets on. Let it forward upgrades of ` +
    `"${webSocketPath}"; a development proxy needs "ws": true for that path (proxy.conf.json of Angular, server.proxy of Vite).`
  );
}
