import { InjectionToken } from '@angular/core';

import { ChaosSwitches } from './chaos-switches';

/** One set of switches for the page; `provideRealtime` is given the network that obeys them. */
export const CHAOS_SWITCHES = new InjectionToken<ChaosSwitches>('CHAOS_SWITCHES', {
  providedIn: 'root',
  factory: () => new ChaosSwitches(),
});
