import type { RealtimeClientOptions } from '@statewire/client';

import { optionsFeature, type RealtimeFeature } from './realtime-feature.js';

/** Options of `withBackoff()`. Every duration is in milliseconds. */
export type RealtimeBackoffOptions = NonNullable<RealtimeClientOptions['backoff']>;

/**
 * Sets the delays between connection attempts. The base delay depends on the cause of the last failure.
 *
 * @example provideRealtime(withBackoff({ maxMs: 10_000 }))
 */
export function withBackoff(options: RealtimeBackoffOptions): RealtimeFeature<'backoff'> {
  return optionsFeature('backoff', () => ({ backoff: options }));
}
