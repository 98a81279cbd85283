import { makeEnvironmentProviders, type EnvironmentProviders } from '@angular/core';
import type { RealtimeClientOptions } from '@statewire/client';

import { createInjectedClient, REALTIME_CLIENT } from './realtime-client.js';
import type { RealtimeFeature } from './realtime-feature.js';
import { REALTIME_OPTIONS } from './realtime-options.js';
import { RealtimeService } from './realtime.service.js';

/** The address of the server, and options without a feature of their own. */
export type RealtimeConfig = Pick<
  RealtimeClientOptions,
  'origin' | 'webSocketPath' | 'httpPath' | 'lingerMs' | 'environment'
>;

/**
 * Provides one client for `RealtimeService`, `injectTopic()`, `injectEvents()` and `injectAction()`. The client closes when
 * its injector is destroyed. It connects with the first subscription or action, and never while a page is rendered on a
 * server. The providers of a route may have a client of their own, for another server.
 *
 * @example
 * provideRealtime(withAuth(() => inject(Session).token));
 * @example
 * bootstrapApplication(App, {
 *   providers: [
 *     provideRealtime({ origin: 'https://api.example' }, withAuth(() => inject(Session).token())),
 *   ],
 * });
 */
export function provideRealtime(...features: RealtimeFeature[]): EnvironmentProviders;
/** Provides one client, with the address of the server and other options in `config`. */
export function provideRealtime(config: RealtimeConfig, ...features: RealtimeFeature[]): EnvironmentProviders;
export function provideRealtime(
  first: RealtimeConfig | RealtimeFeature = {},
  ...others: RealtimeFeature[]
): EnvironmentProviders {
  const [config, features] = isFeature(first) ? [{}, [first, ...others]] : [first, others];
  return makeEnvironmentProviders([
    { provide: REALTIME_OPTIONS, useValue: config, multi: true },
    features.map((feature) => feature.ɵproviders),
    { provide: REALTIME_CLIENT, useFactory: createInjectedClient },
    RealtimeService,
  ]);
}

function isFeature(given: RealtimeConfig | RealtimeFeature): given is RealtimeFeature {
  return 'ɵkind' in given;
}
