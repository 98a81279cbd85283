import type { RealtimeClientOptions } from '@statewire/client';

import { optionsFeature, type RealtimeFeature } from './realtime-feature.js';

/** Options of `withPolling()`. Every duration is in milliseconds. */
export type RealtimePollingOptions = NonNullable<RealtimeClientOptions['polling']>;

/**
 * Sets the options of HTTP polling, which the client uses while there is no WebSocket. Without this feature the
 * defaults apply.
 *
 * @example provideRealtime(withPolling({ intervalMs: 5_000 }))
 */
export function withPolling(options: RealtimePollingOptions): RealtimeFeature<'polling'> {
  return optionsFeature('polling', () => ({ polling: options }));
}
