import type { RealtimeClientOptions } from '@statewire/client';

import { optionsFeature, type RealtimeFeature } from './realtime-feature.js';

export type RealtimeWebSocketOptions = NonNullable<RealtimeClientOptions['webSocket']>;

/**
 * Switches the WebSocket off, for good or by a function that is asked before each attempt; polling then carries
 * everything.
 *
 * @example provideRealtime(withWebSocket({ enabled: () => settings.webSocketEnabled }))
 */
export function withWebSocket(options: RealtimeWebSocketOptions): RealtimeFeature<'websocket'> {
  return optionsFeature('websocket', () => ({ webSocket: options }));
}
