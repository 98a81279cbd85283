import {
  inject,
  makeEnvironmentProviders,
  provideEnvironmentInitializer,
  type EnvironmentProviders,
  type InjectionToken,
} from '@angular/core';
import type { RealtimeClientOptions } from '@statewire/client';

import { partsOf, provideNamedClient, type RealtimeClientToken } from './named-client.js';
import { createInjectedClient, REALTIME_CLIENT } from './realtime-client.js';
import type { RealtimeFeature } from './realtime-feature.js';
import { REALTIME_CONFIGS, REALTIME_OPTIONS } from './realtime-options.js';
import { RealtimeService } from './realtime.service.js';

/** The address of the server, the name of the client, and options without a feature of their own. */
export interface RealtimeConfig extends Pick<
  RealtimeClientOptions,
  'origin' | 'webSocketPath' | 'httpPath' | 'lingerMs' | 'disconnectAfterMs' | 'environment'
> {
  /** The name of the client, for an application with several servers. Default: the client without a name. */
  readonly client?: RealtimeClientToken;
}

/**
 * Provides one client for `RealtimeService`, `injectTopic()`, `injectEvents()` and `injectAction()`. The client closes
 * when its injector is destroyed. It connects with the first subscription or action, and never while a page is rendered
 * on a server.
 *
 * An application with several servers gives the other clients a name, see `realtimeClient()`, or provides them without
 * a name in the providers of a route. These clients disconnect 10 s after their last use (`disconnectAfterMs`), because
 * Angular keeps the injector of a route. The client of the application without a name stays connected.
 *
 * @throws Error when the injector is created, if it has two clients without a name, or two of the same name.
 * @example
 * provideRealtime(withAuth(() => inject(Session).token));
 * @example
 * bootstrapApplication(App, {
 *   providers: [
 *     provideRealtime({ origin: 'https://api.example' }, withAuth(() => inject(Session).token())),
 *     provideRealtime({ client: PLAY, origin: 'https://play.example' }),
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
  const [{ client, ...config }, features] = isFeature(first) ? [{}, [first, ...others]] : [first, others];
  const providers = [
    { provide: REALTIME_OPTIONS, useValue: config, multi: true },
    features.map((feature) => feature.ɵproviders),
    { provide: REALTIME_CLIENT, useFactory: createInjectedClient },
    RealtimeService,
  ];
  const parts = client === undefined ? undefined : partsOf(client);
  const configs = parts?.configs ?? REALTIME_CONFIGS;
  return makeEnvironmentProviders([
    { provide: configs, useValue: config, multi: true },
    provideEnvironmentInitializer(() => assertSingle(configs, parts?.name)),
    client === undefined
      ? providers
      : provideNamedClient(client, { provide: partsOf(client).providers, useValue: providers, multi: true }),
  ]);
}

function assertSingle(token: InjectionToken<readonly RealtimeConfig[]>, client: string | undefined): void {
  const configs = inject(token);
  if (configs.length === 1) return;
  const origins = configs.map(({ origin }) => (origin === undefined ? 'the origin of the page' : `"${origin}"`));
  const name = client === undefined ? '' : ` with the client "${client}"`;
  throw new Error(
    `One injector has ${configs.length} provideRealtime()${name}, for ${origins.join(' and ')}. ` +
      'Remove all but one, or name the client of each further server: ' +
      "const PLAY = realtimeClient('play'), provideRealtime({ client: PLAY, origin }), injectTopic(…, { client: PLAY }).",
  );
}

function isFeature(given: RealtimeConfig | RealtimeFeature): given is RealtimeFeature {
  return 'ɵkind' in given;
}
