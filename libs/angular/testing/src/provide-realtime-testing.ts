import { makeEnvironmentProviders, type EnvironmentProviders } from '@angular/core';
import { RealtimeService, ɵPACE, ɵREALTIME_CLIENT } from '@statewire/angular';

import { FakeRealtimeClient } from './fake-realtime-client.js';
import { RealtimeTestingController } from './realtime-testing-controller.js';

/**
 * Provides `RealtimeService`, `injectTopic()` and `injectEvents()` on a fake server that the test controls through
 * `RealtimeTestingController`. Stands alone, or after `provideRealtime()`, which it then replaces. No network, no timer.
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
