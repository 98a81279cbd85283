import type { Provider } from '@angular/core';
import type { RealtimeClientOptions } from '@statewire/client';

import { REALTIME_OPTIONS } from './realtime-options.js';

/** The names of the features. */
export type RealtimeFeatureKind = 'auth' | 'backoff' | 'contract' | 'polling' | 'websocket';

/** A part of `provideRealtime()` that one of the `with…` functions creates. */
export interface RealtimeFeature<Kind extends RealtimeFeatureKind = RealtimeFeatureKind> {
  readonly ɵkind: Kind;
  readonly ɵproviders: Provider[];
}

/** Creates a feature that sets options of the client. The factory runs in the injection context of the client. */
export function optionsFeature<Kind extends RealtimeFeatureKind>(
  kind: Kind,
  options: () => RealtimeClientOptions,
): RealtimeFeature<Kind> {
  return { ɵkind: kind, ɵproviders: [{ provide: REALTIME_OPTIONS, useFactory: options, multi: true }] };
}
