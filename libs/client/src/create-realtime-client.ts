import { browserEnvironment } from './core/browser-environment.js';
import type { RealtimeClientOptions } from './core/options.js';
import { httpFallback } from './http-fallback.js';
import type { RealtimeClient } from './realtime-client.js';
import { StatewireClient } from './statewire-client.js';

/**
 * Creates a client. It connects with the first subscription or action, or with `connect()`.
 *
 * @throws RealtimeClientError `invalid_option` if there is no such option, if a duration is no number of milliseconds
 * from 0 to 2,147,483,647, if a path does not start with `/`, or if `origin` is no http or https origin, has a path, or
 * is missing where no page has one.
 * @example
 * const client = createRealtimeClient({ origin: 'https://play.example' });
 * client.state(battle.with({ battleId: '42' })).subscribe(draw);
 */
export function createRealtimeClient(options: RealtimeClientOptions = {}): RealtimeClient {
  return new StatewireClient(options, { ...browserEnvironment(), ...options.environment }, () => httpFallback);
}
