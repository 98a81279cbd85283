import { BehaviorSubject, NEVER } from 'rxjs';

import { browserEnvironment } from './browser-environment.js';
import type { RealtimeClient } from './client.js';
import type { ClientMetrics } from './metrics.js';
import type { RealtimeClientOptions } from './options.js';
import type { ConnectionStatus } from './status.js';

const NO_METRICS: ClientMetrics = {
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

/** Makes a client. Nothing is opened before the first subscription, action or `connect()`. */
export function createRealtimeClient(options: RealtimeClientOptions = {}): RealtimeClient {
  const environment = { ...browserEnvironment(), ...options.environment };
  const status$ = new BehaviorSubject<ConnectionStatus>({ state: 'idle', since: environment.now() });
  const metrics$ = new BehaviorSubject(NO_METRICS);
  return {
    status$,
    get status() {
      return status$.value;
    },
    metrics$,
    get metrics() {
      return metrics$.value;
    },
    connect: () => status$.next({ state: 'connecting', since: environment.now(), attempt: 1 }),
    close() {
      status$.next({ state: 'closed', since: environment.now() });
      status$.complete();
      metrics$.complete();
    },
    state: () => NEVER,
    topic: () => NEVER,
    events: () => NEVER,
    deliveries: () => NEVER,
    act: () => NEVER,
    reauthenticate: () => undefined,
  };
}
