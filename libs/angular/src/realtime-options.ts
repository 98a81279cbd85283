import { InjectionToken } from '@angular/core';
import type { RealtimeClientOptions } from '@statewire/client';

/** Options of the client: the configuration of `provideRealtime()`, then one entry for each feature. */
export const REALTIME_OPTIONS = new InjectionToken<readonly RealtimeClientOptions[]>('REALTIME_OPTIONS');

/** The configuration of each `provideRealtime()` without a name in one injector. */
export const REALTIME_CONFIGS = new InjectionToken<readonly RealtimeClientOptions[]>('REALTIME_CONFIGS');
