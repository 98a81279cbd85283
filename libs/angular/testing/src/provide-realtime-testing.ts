import { makeEnvironmentProviders, type EnvironmentProviders } from '@angular/core';
import { RealtimeService, ɵPACE, ɵREALTIME_CLIENT } from '@statewire/angular';

import { FakeRealtimeClient } from './fake-realtime-client.js';
import { RealtimeTestingController } from './realtime-testing-controller.js';

/**
 * Provides the client of `RealtimeService`, `injectTopic()`, `injectEvents()` and `injectAction()` on a fake server that the
 * test controls through `RealtimeTestingController`. Use it alone, or after `provideRealtime()`, whose client it replaces.
 * It uses no network and no timer.
 *
 * @example
 * TestBed.configureTestingModule({ providers: [provideRealtimeTesting()] });
 * const server = TestBed.inject(RealtimeTestingController);
 */
export function provideRealtimeTesting(): EnvironmentProviders {
  return makeEnvironmentProviders([
    FakeRealtimeClient,
    RealtimeTestingController,
    RealtimeService,
    { provide: ɵREALTIME_CLIENT, useExisting: FakeRealtimeClient },
    { provide: ɵPACE, useValue: (deliver: () => void) => deliver() },
  ]);
}
