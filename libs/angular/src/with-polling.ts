import type { RealtimeClientOptions } from '@statewire/client';

import { optionsFeature, type RealtimeFeature } from './realtime-feature.js';

export type RealtimePollingOptions = NonNullable<RealtimeClientOptions['polling']>;

/**
 * Sets how HTTP polling stands in while no WebSocket is live. Without this feature it does so with the defaults.
 *
 * @example provideRealtime(withPolling({ intervalMs: 5_000 }))
 */
export function withPolling(options: RealtimePollingOptions): RealtimeFeature<'polling'> {
  return optionsFeature('polling', () => ({ polling: options }));
}
