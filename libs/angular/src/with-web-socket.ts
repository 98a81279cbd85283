import type { RealtimeClientOptions } from '@statewire/client';

import { optionsFeature, type RealtimeFeature } from './realtime-feature.js';

/** Options of `withWebSocket()`. */
export type RealtimeWebSocketOptions = NonNullable<RealtimeClientOptions['webSocket']>;

/**
 * Switches the WebSocket off, for good or with a function that the client calls before each connection attempt. The
 * client then polls.
 *
 * @example provideRealtime(withWebSocket({ enabled: () => settings.webSocketEnabled }))
 */
export function withWebSocket(options: RealtimeWebSocketOptions): RealtimeFeature<'websocket'> {
  return optionsFeature('websocket', () => ({ webSocket: options }));
}
