import {
  createEnvironmentInjector,
  DestroyRef,
  EnvironmentInjector,
  inject,
  InjectionToken,
  makeEnvironmentProviders,
  type EnvironmentProviders,
  type Provider,
  type ProviderToken,
} from '@angular/core';
import type { RealtimeClientOptions } from '@statewire/client';

import { RealtimeService } from './realtime.service.js';

/** The name of a client, and the injection token of its `RealtimeService`. `realtimeClient()` creates it. */
export type RealtimeClientToken = InjectionToken<RealtimeService>;

/** The tokens behind the name of a client. */
export interface ClientParts {
  /** The name in messages. */
  readonly name: string;
  /** Injector of the objects of this client. */
  readonly injector: InjectionToken<EnvironmentInjector>;
  /** The configuration of each `provideRealtime()` with this name in one injector. */
  readonly configs: InjectionToken<readonly RealtimeClientOptions[]>;
  /** Providers of the client, from `provideRealtime()`. */
  readonly providers: InjectionToken<readonly Provider[]>;
  /** Providers of a test. They apply to clients of the same name in child injectors too, such as those of routes. */
  readonly overrides: InjectionToken<readonly Provider[]>;
}

const clients = new WeakMap<RealtimeClientToken, ClientParts>();

/**
 * Names a client, for an application with several servers. Give the name to `provideRealtime()`, and to the `inject…`
 * functions of the components that use this server. Inject it to get its `RealtimeService`.
 *
 * @example
 * export const PLAY = realtimeClient('play');
 * // providers: provideRealtime({ client: PLAY, origin: 'https://play.example' })
 * readonly battle = injectTopic(() => battle.with({ battleId: this.id() }), { client: PLAY });
 * readonly status = inject(PLAY).status;
 */
export function realtimeClient(name: string): RealtimeClientToken {
  const missing = (): never => {
    throw new Error(
      `The realtime client "${name}" is not provided. Add provideRealtime({ client, origin }) with this client to the ` +
        'providers of the application or of the route.',
    );
  };
  const unprovided = { providedIn: 'root', factory: missing } as const;
  const client = new InjectionToken<RealtimeService>(`realtime client ${name}`, unprovided);
  clients.set(client, {
    name,
    injector: new InjectionToken(`injector of ${name}`, unprovided),
    configs: new InjectionToken(`configurations of ${name}`),
    providers: new InjectionToken(`providers of ${name}`),
    overrides: new InjectionToken(`overrides of ${name}`),
  });
  return client;
}

/** @throws Error if the token is not one of `realtimeClient()`. */
export function partsOf(client: RealtimeClientToken): ClientParts {
  const parts = clients.get(client);
  if (parts === undefined)
    throw new Error(`${String(client)} is no realtime client. Create it with realtimeClient(name).`);
  return parts;
}

/** An option of every `inject…` function. */
export interface ClientOption {
  /** The client to use. Default: the client without a name. */
  readonly client?: RealtimeClientToken;
}

/** Injects an object of the named client; without a name, of the client of the current injector. */
export function injectOfClient<T>(token: ProviderToken<T>, client: RealtimeClientToken | undefined): T {
  return client === undefined ? inject(token) : inject(partsOf(client).injector).get(token);
}

/** Provides the injector and the service of a named client. */
export function provideNamedClient(client: RealtimeClientToken, providers: Provider): EnvironmentProviders {
  const parts = partsOf(client);
  return makeEnvironmentProviders([
    providers,
    { provide: parts.injector, useFactory: () => createClientInjector(parts) },
    { provide: client, useFactory: () => inject(parts.injector).get(RealtimeService) },
  ]);
}

/** Creates the injector of a named client, in which its objects have the same tokens as those of a nameless client. */
function createClientInjector({ name, providers, overrides }: ClientParts): EnvironmentInjector {
  const all = [providers, overrides].map((token) => inject(token, { optional: true }) ?? []) as Provider[];
  const injector = createEnvironmentInjector(all, inject(EnvironmentInjector), `realtime client ${name}`);
  inject(DestroyRef).onDestroy(() => injector.destroy());
  return injector;
}
