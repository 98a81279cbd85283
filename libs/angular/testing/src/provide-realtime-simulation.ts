import { Injector, makeEnvironmentProviders, type EnvironmentProviders } from '@angular/core';
import { ɵPACE, ɵREALTIME_OPTIONS } from '@statewire/angular';

import { FakeRealtimeClient } from './fake-realtime-client.js';
import { RealtimeSimulation, type RealtimeSimulationOptions } from './realtime-simulation.js';

/**
 * Puts the real client of `provideRealtime()` on a simulated network and a virtual clock, with a server in memory. Provide
 * it after `provideRealtime()`, whose options stay in force: token, polling, backoff. It opens no port and starts no timer of
 * the host.
 *
 * @example
 * TestBed.configureTestingModule({ providers: [provideRealtime(), provideRealtimeSimulation({ latency: 20 })] });
 * const simulation = TestBed.inject(RealtimeSimulation);
 */
export function provideRealtimeSimulation(options: RealtimeSimulationOptions = {}): EnvironmentProviders {
  return makeEnvironmentProviders([
    {
      provide: RealtimeSimulation,
      useFactory: (injector: Injector) => {
        if (injector.get(FakeRealtimeClient, null, { optional: true, self: true }) !== null) throw bothProvided();
        return new RealtimeSimulation(injector, options);
      },
      deps: [Injector],
    },
    {
      provide: ɵREALTIME_OPTIONS,
      multi: true,
      useFactory: ({ environment }: RealtimeSimulation) => ({ environment }),
      deps: [RealtimeSimulation],
    },
    { provide: ɵPACE, useValue: (deliver: () => void) => deliver() },
  ]);
}

function bothProvided(): Error {
  return new Error(
    'Both provideRealtimeTesting() and provideRealtimeSimulation() are provided. The first replaces the client that the ' +
      'second puts on a simulated network: provide one of them.',
  );
}
