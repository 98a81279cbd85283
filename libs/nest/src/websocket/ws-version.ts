import { WebSocketServer } from 'ws';

/**
 * ws before 8.23.0 answers every ping it is sent however little of that is read: one unauthenticated flood takes the
 * process from 52 to 723 MB in 4 s. Asks what the server can do, because a bundled ws has no version to read.
 *
 * @throws Error where the installed ws is too old.
 */
export function requireBoundedPongs(server: Pick<WebSocketServer, 'options'>): void {
  if ('maxPendingAutoPongs' in server.options) return;
  throw new Error(
    '@statewire/nest needs ws 8.23.0 or newer, because older ones can be flooded with pings. ' +
      'Run "npm ls ws" to see what replaces it, and remove that override.',
  );
}
