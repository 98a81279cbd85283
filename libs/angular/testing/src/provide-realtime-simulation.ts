import { inject, InjectionToken, Injector, makeEnvironmentProviders, type EnvironmentProviders } from '@angular/core';
import { ɵPACE, ɵpartsOf, ɵprovideNamedClient, ɵREALTIME_OPTIONS, ɵWARN } from '@statewire/angular';
import { httpFallback } from '@statewire/client/http-fallback';
import { VirtualEnvironment } from '@statewire/testing';

import { FakeRealtimeClient } from './fake-realtime-client.js';
import { RealtimeSimulation, type RealtimeSimulationOptions } from './realtime-simulation.js';

/** The time of all simulations of a test. */
const TIME = new InjectionToken<VirtualEnvironment>('time of the simulations');

/**
 * Puts the real client of `provideRealtime()` on a simulated network and a virtual clock, with a server in memory.
 * Provide it after `provideRealtime()`, whose options stay in force: token, polling, backoff. It opens no port and
 * starts no timer of the host.
 *
 * With the option `client` it does so for the client of this name, in the providers of a route too. All simulations of
 * a test share one clock, whose `seed` and `start` are those of the last one.
 *
 * @example
 * TestBed.configureTestingModule({ providers: [provideRealtime(), provideRealtimeSimulation({ latency: 20 })] });
 * const simulation = TestBed.inject(RealtimeSimulation);
 * @example
 * TestBed.configureTestingModule({
 *   providers: [provideRealtime({ client: PLAY }), provideRealtimeSimulation({ client: PLAY })],
 * });
 * const simulation = TestBed.inject(RealtimeSimulation.of(PLAY));
 */
export function provideRealtimeSimulation(options: RealtimeSimulationOptions = {}): EnvironmentProviders {
  const { client, seed = 1, start = Date.now() } = options;
  const simulation = client === undefined ? RealtimeSimulation : RealtimeSimulation.of(client);
  const environment = {
    provide: ɵREALTIME_OPTIONS,
    multi: true,
    // A dynamic import would take real time, which virtual time does not wait for.
    useFactory: () => ({ environment: { ...inject(simulation).environment, loadHttpFallback: () => httpFallback } }),
  };
  const create = (): RealtimeSimulation => {
    const injector = inject(Injector);
    const hasFake = injector.get(FakeRealtimeClient, null, { optional: true, self: true }) !== null;
    if (client === undefined && hasFake) throw bothProvided();
    return new RealtimeSimulation(injector, inject(TIME), options);
  };
  return makeEnvironmentProviders([
    { provide: TIME, useFactory: () => new VirtualEnvironment({ seed, start }) },
    { provide: simulation, useFactory: create },
    client === undefined
      ? environment
      : ɵprovideNamedClient(client, { provide: ɵpartsOf(client).overrides, useValue: [environment], multi: true }),
    { provide: ɵPACE, useValue: (deliver: () => void) => deliver() },
    { provide: ɵWARN, useValue: () => undefined },
  ]);
}

function bothProvided(): Error {
  return new Error(
    'Both provideRealtimeTesting() and provideRealtimeSimulation() are provided. The first replaces the client that the ' +
      'second puts on a simulated network: provide one of them.',
  );
}
