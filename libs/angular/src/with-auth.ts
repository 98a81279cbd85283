import { EnvironmentInjector, inject, NgZone, runInInjectionContext, untracked } from '@angular/core';
import type { RealtimeClientOptions } from '@statewire/client';

import { optionsFeature, type RealtimeFeature } from './realtime-feature.js';

/** Gives the token for the next connection, poll or re-authentication; `undefined` for an anonymous client. */
export type RealtimeTokenFunction = NonNullable<RealtimeClientOptions['token']>;

/**
 * Authenticates with a token. The function is called anew each time a token is needed, in an injection context and
 * inside the Angular zone, and may return a promise. Nothing calls it when somebody signs in or out: say so with
 * `RealtimeService.reauthenticate()`.
 *
 * @example provideRealtime({}, withAuth(() => inject(Session).token()))
 */
export function withAuth(token: RealtimeTokenFunction): RealtimeFeature<'auth'> {
  return optionsFeature('auth', () => {
    const injector = inject(EnvironmentInjector);
    const zone = inject(NgZone);
    return {
      token: (reason) => zone.run(() => untracked(() => runInInjectionContext(injector, () => token(reason)))),
    };
  });
}
