import { browserEnvironment } from './core/browser-environment.js';
import type { RealtimeClientOptions } from './core/options.js';
import type { RealtimeClient } from './realtime-client.js';
import { StatewireClient } from './statewire-client.js';

/** `createRealtimeClient` for pages: it loads the HTTP fallback with the first connection. */
export function createRealtimeClient(options: RealtimeClientOptions = {}): RealtimeClient {
  const environment = { ...browserEnvironment(), ...options.environment };
  return new StatewireClient(options, environment, async () => (await import('./http-fallback.js')).httpFallback);
}
