import { InjectionToken } from '@angular/core';
import { ɵpartsOf, type RealtimeClientToken } from '@statewire/angular';

/** Returns a function that returns one token for each named client. */
export function namedToken<T>(description: string): (client: RealtimeClientToken) => InjectionToken<T> {
  const tokens = new WeakMap<RealtimeClientToken, InjectionToken<T>>();
  return (client) => {
    const token = tokens.get(client) ?? new InjectionToken<T>(`${description} of ${ɵpartsOf(client).name}`);
    tokens.set(client, token);
    return token;
  };
}
