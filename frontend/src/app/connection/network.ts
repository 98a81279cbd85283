import type { RealtimeConfig } from '@statewire/angular';

type Environment = Required<NonNullable<RealtimeConfig['environment']>>;

/** The part of the client's environment that the panel breaks. */
export type Network = Pick<Environment, 'openWebSocket' | 'fetch'>;

/** The part of a `WebSocket` that the client uses. */
export type WebSocketLike = ReturnType<NonNullable<Environment['openWebSocket']>>;
