/**
 * The reaction of a client to a close. The range of the code decides it, except for {@link CLOSE_CODES.helloTimeout}.
 */
export type CloseReaction = 'stop' | 'reconnect-without-polling' | 'reconnect-now' | 'reconnect';

/** The numbers of the close codes that the server sends. */
export const CLOSE_CODE = {
  tooManyBadFrames: 4000,
  helloTimeout: 4001,
  rejected: 4003,
  protocolVersion: 4010,
  tooManyRequests: 4100,
  slowConsumer: 4101,
  overloaded: 4102,
  heartbeatLost: 4200,
  draining: 4201,
  tokenExpired: 4202,
  switchedOff: 4203,
} as const;

const STOP_BELOW_4000: ReadonlySet<number> = new Set([1002, 1003, 1007, 1008]);

/** Returns the reaction of a client to a WebSocket close with this code. */
export function reactionToClose(code: number): CloseReaction {
  // The `hello` of this client was only late: the device slept or the network stalled. A retry can succeed.
  if (code === CLOSE_CODE.helloTimeout) return 'reconnect';
  if (STOP_BELOW_4000.has(code) || (code >= 4000 && code < 4100)) return 'stop';
  if (code >= 4100 && code < 4200) return 'reconnect-without-polling';
  if (code >= 4200 && code < 4300) return 'reconnect-now';
  return 'reconnect';
}
