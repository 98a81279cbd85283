import type { ConnectionEvents } from '../../src/connection.js';

/** Callbacks that do nothing. */
export const connectionEvents: ConnectionEvents = {
  onMessage: () => undefined,
  onUnsubscribed: () => undefined,
  onLost: () => undefined,
  onMoved: () => undefined,
  probed: () => undefined,
};
