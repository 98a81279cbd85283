import { RealtimeClientError, type ConnectionStatus, type RealtimeClient } from '@statewire/client';
import { NEVER, of, throwError } from 'rxjs';

import { NO_METRICS } from './no-metrics.js';

const STATUS: ConnectionStatus = { state: 'idle', enteredAt: 0, outdated: false };

const ignore = (): void => undefined;

/** Returns a client that never connects, so that the rendering of a page on a server ends. */
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
        () =>
          new RealtimeClientError(
            'not_sent',
            'The client sends no actions while a page is rendered on a server. Send the action in the browser.',
          ),
      ),
  };
}
