import { InjectionToken } from '@angular/core';

import { ChaosSwitches } from './chaos-switches';

/** The switches of the page. `provideRealtime()` gets the network that obeys them. */
export const CHAOS_SWITCHES = new InjectionToken<ChaosSwitches>('CHAOS_SWITCHES', {
  providedIn: 'root',
  factory: () => new ChaosSwitches(),
});
