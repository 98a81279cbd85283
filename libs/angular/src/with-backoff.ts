import type { RealtimeClientOptions } from '@statewire/client';

import { optionsFeature, type RealtimeFeature } from './realtime-feature.js';

export type RealtimeBackoffOptions = NonNullable<RealtimeClientOptions['backoff']>;

/**
 * Sets how long the client waits between attempts to connect, by what made the last one fail.
 *
 * @example provideRealtime(withBackoff({ maxMs: 10_000 }))
 */
export function withBackoff(options: RealtimeBackoffOptions): RealtimeFeature<'backoff'> {
  return optionsFeature('backoff', () => ({ backoff: options }));
}
