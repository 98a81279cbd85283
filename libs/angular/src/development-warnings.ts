import { isDevMode } from '@angular/core';
import type { RealtimeClient } from '@statewire/client';

/**
 * Writes to the console why the server rejects the page, with the server's remedy. Does so in development only. The
 * server's log has the same message, but a developer of a page looks at the console first.
 */
export function warnInDevelopment(client: RealtimeClient): void {
  if (!isDevMode()) return;
  client.status$.subscribe((status) => {
    if (status.state !== 'denied') return;
    const { code, message } = status.reason;
    // eslint-disable-next-line no-console -- the console of the browser is the place where a developer looks
    console.warn(`Statewire: the server rejects this page (${code}). ${message}`);
  });
}
