import { InjectionToken } from '@angular/core';
import type { RealtimeClientOptions } from '@statewire/client';

/** What `provideRealtime` was given: the configuration first, then one entry for each feature. */
export const REALTIME_OPTIONS = new InjectionToken<readonly RealtimeClientOptions[]>('REALTIME_OPTIONS');
