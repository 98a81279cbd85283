import { RealtimeClientError, type ClientMetrics, type ConnectionStatus, type RealtimeClient } from '@statewire/client';
import { NEVER, of, throwError } from 'rxjs';

const STATUS: ConnectionStatus = { state: 'idle', since: 0 };

const METRICS: ClientMetrics = {
  framesReceived: 0,
  framesSent: 0,
  bytesReceived: 0,
  bytesSent: 0,
  patches: 0,
  snapshots: 0,
  events: 0,
  polls: 0,
  reconnects: 0,
  holes: 0,
  fullStateBytes: 0,
};

const ignore = (): void => undefined;

/** Stands in while a page is rendered on a server: it opens nothing, so that rendering ends and no request leaks. */
export function serverRenderingClient(): RealtimeClient {
  return {
    status: STATUS,
    status$: of(STATUS),
    metrics: METRICS,
    metrics$: of(METRICS),
    connect: ignore,
    close: ignore,
    reauthenticate: ignore,
    state: () => NEVER,
    topic: () => NEVER,
    events: () => NEVER,
    deliveries: () => NEVER,
    act: () =>
      throwError(
        () => new RealtimeClientError('not_sent', 'Actions are not sent while a page is rendered on the server.'),
      ),
  };
}
