import { makeEnvironmentProviders, type EnvironmentProviders } from '@angular/core';
import type { RealtimeClientOptions } from '@statewire/client';

import { createInjectedClient, REALTIME_CLIENT } from './realtime-client.js';
import type { RealtimeFeature } from './realtime-feature.js';
import { REALTIME_OPTIONS } from './realtime-options.js';
import { RealtimeService } from './realtime.service.js';

/** Where the server is; everything else is a feature. */
export type RealtimeConfig = Pick<
  RealtimeClientOptions,
  'origin' | 'webSocketPath' | 'httpPath' | 'lingerMs' | 'environment'
>;

/**
 * Provides `RealtimeService`, `injectTopic()` and `injectEvents()` with one client for the injector it is given to,
 * closed when that injector is destroyed. The client opens nothing before the first subscription or action, and nothing
 * at all while a page is rendered on a server. In the providers of a route it makes a second client, for another server.
 *
 * @example
 * bootstrapApplication(App, {
 *   providers: [
 *     provideRealtime({ origin: 'https://api.example' }, withAuth(() => inject(Session).token())),
 *   ],
 * });
 */
export function provideRealtime(...features: RealtimeFeature[]): EnvironmentProviders;
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
