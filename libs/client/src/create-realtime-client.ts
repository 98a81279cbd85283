import { browserEnvironment } from './core/browser-environment.js';
import type { RealtimeClientOptions } from './core/options.js';
import type { RealtimeClient } from './realtime-client.js';
import { StatewireClient } from './statewire-client.js';

/**
 * Creates a client. It connects with the first subscription or action, or with `connect()`.
 *
 * @throws Error without the option `origin` if there is no page with an origin.
 * @example
 * const client = createRealtimeClient({ origin: 'https://play.example' });
 * client.state(battle.with({ battleId: '42' })).subscribe(draw);
 */
export function createRealtimeClient(options: RealtimeClientOptions = {}): RealtimeClient {
  return new StatewireClient(options, { ...browserEnvironment(), ...options.environment });
}
