import {
  createEnvironmentInjector,
  DestroyRef,
  EnvironmentInjector,
  inject,
  InjectionToken,
  makeEnvironmentProviders,
  type EnvironmentProviders,
} from '@angular/core';
import {
  RealtimeService,
  ɵPACE,
  ɵpartsOf,
  ɵprovideNamedClient,
  ɵREALTIME_CLIENT,
  type ClientOption,
  type RealtimeClientToken,
} from '@statewire/angular';

import { FakeRealtimeClient } from './fake-realtime-client.js';
import { RealtimeTestingController } from './realtime-testing-controller.js';

/**
 * Provides the client of `RealtimeService`, `injectTopic()`, `injectEvents()` and `injectAction()` on a fake server
 * that the test controls through `RealtimeTestingController`. Use it alone, or after `provideRealtime()`, whose client
 * it replaces. It uses no network and no timer.
 *
 * With the option `client` it replaces the client of this name, in the providers of a route too.
 *
 * @example
 * TestBed.configureTestingModule({ providers: [provideRealtimeTesting()] });
 * const server = TestBed.inject(RealtimeTestingController);
 * @example
 * TestBed.configureTestingModule({ providers: [provideRealtimeTesting({ client: PLAY })] });
 * const server = TestBed.inject(RealtimeTestingController.of(PLAY));
 */
export function provideRealtimeTesting({ client }: ClientOption = {}): EnvironmentProviders {
  const pace = { provide: ɵPACE, useValue: (deliver: () => void) => deliver() };
  if (client !== undefined) return makeEnvironmentProviders([pace, provideNamed(client)]);
  return makeEnvironmentProviders([
    FakeRealtimeClient,
    RealtimeTestingController,
    RealtimeService,
    { provide: ɵREALTIME_CLIENT, useExisting: FakeRealtimeClient },
    pace,
  ]);
}

function provideNamed(client: RealtimeClientToken): EnvironmentProviders {
  const { name, overrides } = ɵpartsOf(client);
  const parts = new InjectionToken<EnvironmentInjector>(`fake server of ${name}`);
  const replace = (): unknown => {
    const fakes = inject(parts);
    return [RealtimeService, { provide: ɵREALTIME_CLIENT, useFactory: () => fakes.get(FakeRealtimeClient) }];
  };
  return ɵprovideNamedClient(client, [
    { provide: parts, useFactory: createParts },
    { provide: RealtimeTestingController.of(client), useFactory: () => inject(parts).get(RealtimeTestingController) },
    { provide: overrides, useFactory: replace, multi: true },
  ]);
}

function createParts(): EnvironmentInjector {
  const providers = [FakeRealtimeClient, RealtimeTestingController];
  const injector = createEnvironmentInjector(providers, inject(EnvironmentInjector));
  inject(DestroyRef).onDestroy(() => injector.destroy());
  return injector;
}
