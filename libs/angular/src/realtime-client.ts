import { isPlatformServer } from '@angular/common';
import {
  ApplicationRef,
  DestroyRef,
  EnvironmentInjector,
  ErrorHandler,
  inject,
  InjectionToken,
  NgZone,
  PLATFORM_ID,
} from '@angular/core';
import { createRealtimeClient, type RealtimeClient, type RealtimeClientOptions } from '@statewire/client';

import { warnInDevelopment } from './development-warnings.js';
import { REALTIME_OPTIONS } from './realtime-options.js';
import { serverRenderingClient } from './server-rendering-client.js';

/** Angular sets it to false in production builds, which then leave the warnings out. */
declare const ngDevMode: unknown;

/** The delay of a client that is not the client of the whole application. A change of the page takes less. */
const DISCONNECT_AFTER_MS = 10_000;

/** The client behind `RealtimeService`. Each injector with `provideRealtime()` has its own. */
export const REALTIME_CLIENT = new InjectionToken<RealtimeClient>('REALTIME_CLIENT', {
  providedIn: 'root',
  factory: () => {
    const copies =
      typeof ngDevMode === 'undefined' || ngDevMode
        ? ' If it is there, two copies of @statewire/angular are loaded: let npm ls @statewire/angular show one version.'
        : '';
    throw new Error(`Statewire is not provided. Add provideRealtime() to the providers of the application.${copies}`);
  },
});

/** Creates the client of the current injector, and closes it when the injector is destroyed. */
export function createInjectedClient(): RealtimeClient {
  if (isPlatformServer(inject(PLATFORM_ID))) return serverRenderingClient();
  const zone = inject(NgZone);
  const errors = inject(ErrorHandler);
  const onError = (error: unknown): void => zone.run(() => errors.handleError(error));
  const isOfApplication = inject(ApplicationRef).injector === inject(EnvironmentInjector);
  const defaults = { onError, disconnectAfterMs: isOfApplication ? 0 : DISCONNECT_AFTER_MS };
  const options = Object.assign(defaults, ...inject(REALTIME_OPTIONS)) as RealtimeClientOptions;
  const client = zone.runOutsideAngular(() => createRealtimeClient(options));
  if (typeof ngDevMode === 'undefined' || ngDevMode) warnInDevelopment(client, options);
  inject(DestroyRef).onDestroy(() => zone.runOutsideAngular(() => client.close()));
  return client;
}
