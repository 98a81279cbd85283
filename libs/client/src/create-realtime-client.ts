import { browserEnvironment } from './core/browser-environment.js';
import type { RealtimeClient } from './realtime-client.js';
import type { RealtimeClientOptions } from './core/options.js';
import { StatewireClient } from './statewire-client.js';

/**
 * Makes a client. Nothing is opened before the first subscription, action or `connect()`.
 *
 * @throws Error where `origin` is missing and there is no page to take it from.
 * @example
 * const client = createRealtimeClient({ origin: 'https://play.example' });
 * client.state(battle.with({ battleId: '42' })).subscribe(draw);
 */
export function createRealtimeClient(options: RealtimeClientOptions = {}): RealtimeClient {
  return new StatewireClient(options, { ...browserEnvironment(), ...options.environment });
}
