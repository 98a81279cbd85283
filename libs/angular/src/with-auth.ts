import {
  effect,
  EnvironmentInjector,
  inject,
  isSignal,
  NgZone,
  runInInjectionContext,
  untracked,
  type EffectRef,
  type Signal,
} from '@angular/core';
import type { RealtimeClientOptions } from '@statewire/client';

import { optionsFeature, type RealtimeFeature } from './realtime-feature.js';
import { RealtimeService } from './realtime.service.js';

/** Returns the token for the next connection, poll or re-authentication, or a signal of it; undefined: no user. */
export type RealtimeTokenFunction = (
  ...args: Parameters<NonNullable<RealtimeClientOptions['token']>>
) => string | undefined | Promise<string | undefined> | Signal<string | undefined>;

/**
 * Authenticates with a token.
 *
 * The client calls a function for each connection and each poll, and after a token expired, in an injection context and
 * inside the Angular zone. Call `RealtimeService.reauthenticate()` after every sign-in and sign-out.
 *
 * With a signal, or a function that returns one, the client signs in again by itself whenever the value changes;
 * undefined signs out. It notices a change when Angular runs its effects. Several changes before that count as one.
 *
 * @example provideRealtime(withAuth(() => inject(Session).token)) // token: Signal<string | undefined>
 * @example provideRealtime(withAuth(() => inject(Session).freshToken())) // a string, or a promise of one
 */
export function withAuth(token: RealtimeTokenFunction | Signal<string | undefined>): RealtimeFeature<'auth'> {
  const getToken = isSignal(token) ? () => token : token;
  return optionsFeature('auth', () => {
    const injector = inject(EnvironmentInjector);
    const zone = inject(NgZone);
    let followed: Signal<string | undefined> | undefined;
    let following: EffectRef | undefined;

    const follow = (source: Signal<string | undefined>): void => {
      const presented = source();
      let isFirstRun = true;
      following?.destroy();
      followed = source;
      following = effect(
        () => {
          const current = source();
          const isChanged = !isFirstRun || current !== presented;
          isFirstRun = false;
          if (isChanged) untracked(() => injector.get(RealtimeService).reauthenticate());
        },
        { injector },
      );
    };

    return {
      token: (reason) =>
        zone.run(() =>
          untracked(() => {
            const given = runInInjectionContext(injector, () => getToken(reason));
            if (!isSignal(given)) {
              following?.destroy();
              followed = undefined;
              return given;
            }
            if (given !== followed) follow(given);
            return given();
          }),
        ),
    };
  });
}
