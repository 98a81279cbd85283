import { RealtimeClientError, type ConnectionStatus, type RealtimeClient } from '@statewire/client';
import { NEVER, of, throwError } from 'rxjs';

import { NO_METRICS } from './no-metrics.js';

const STATUS: ConnectionStatus = { state: 'idle', enteredAt: 0 };

const ignore = (): void => undefined;

/** Stands in while a page is rendered on a server: it opens nothing, so that rendering ends and no request leaks. */
export function serverRenderingClient(): RealtimeClient {
  return {
    status: STATUS,
    status$: of(STATUS),
    metrics: NO_METRICS,
    metrics$: of(NO_METRICS),
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
