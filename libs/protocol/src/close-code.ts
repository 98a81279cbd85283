/**
 * The reaction of a client to a close. The range of the code decides it, except for {@link CLOSE_CODES.helloTimeout}.
 */
export type CloseReaction = 'stop' | 'reconnect-without-polling' | 'reconnect-now' | 'reconnect';

/** The close codes that the server sends. A test compares them with the table in PROTOCOL.md. */
export const CLOSE_CODES = {
  tooManyBadFrames: { code: 4000, meaning: 'ten bad frames within 10 s' },
  helloTimeout: { code: 4001, meaning: 'no `hello` within its deadline' },
  rejected: { code: 4003, meaning: 'the server rejected the credentials' },
  protocolVersion: { code: 4010, meaning: 'the server does not support the protocol version' },
  tooManyRequests: { code: 4100, meaning: 'the client exceeded a rate limit for too long' },
  slowConsumer: { code: 4101, meaning: 'the client does not read fast enough' },
  overloaded: { code: 4102, meaning: 'the server could not answer `hello` in time' },
  heartbeatLost: { code: 4200, meaning: 'no frame arrived for interval + timeout' },
  draining: { code: 4201, meaning: 'this node is shutting down' },
  tokenExpired: { code: 4202, meaning: 'the token expired: get a new one, then reconnect' },
  switchedOff: { code: 4203, meaning: 'WebSocket is switched off: poll until it is on again' },
} as const;

/** A key of {@link CLOSE_CODES}. */
export type CloseCodeName = keyof typeof CLOSE_CODES;

const STOP_BELOW_4000: ReadonlySet<number> = new Set([1002, 1003, 1007, 1008]);

/** Returns the reaction of a client to a WebSocket close with this code. */
export function reactionToClose(code: number): CloseReaction {
  // The `hello` of this client was only late: the device slept or the network stalled. A retry can succeed.
  if (code === CLOSE_CODES.helloTimeout.code) return 'reconnect';
  if (STOP_BELOW_4000.has(code) || (code >= 4000 && code < 4100)) return 'stop';
  if (code >= 4100 && code < 4200) return 'reconnect-without-polling';
  if (code >= 4200 && code < 4300) return 'reconnect-now';
  return 'reconnect';
}
