/** What a client does after a close; the range of the code decides, but for {@link CLOSE_CODES.helloTimeout}. */
export type CloseReaction = 'stop' | 'reconnect-without-polling' | 'reconnect-now' | 'reconnect';

/** The one table of close codes the server sends. PROTOCOL.md's table comes from it. */
export const CLOSE_CODES = {
  tooManyBadFrames: { code: 4000, meaning: 'ten bad frames within 10 s' },
  helloTimeout: { code: 4001, meaning: 'no `hello` within its deadline' },
  refused: { code: 4003, meaning: 'the credentials were refused' },
  protocolVersion: { code: 4010, meaning: 'the protocol version is not spoken here' },
  tooManyRequests: { code: 4100, meaning: 'rate limits were passed for too long' },
  slowConsumer: { code: 4101, meaning: 'what was sent is not being read' },
  overloaded: { code: 4102, meaning: 'the server could not settle the connection in time' },
  heartbeatLost: { code: 4200, meaning: 'nothing was heard for interval + timeout' },
  draining: { code: 4201, meaning: 'this node is going away' },
  tokenExpired: { code: 4202, meaning: 'the token expired: get a new one, then reconnect' },
  switchedOff: { code: 4203, meaning: 'WebSocket is switched off: poll, and return when told' },
} as const;

export type CloseCodeName = keyof typeof CLOSE_CODES;

const STOP_BELOW_4000: ReadonlySet<number> = new Set([1002, 1003, 1007, 1008, 1009]);

/** @returns what a client does after a close with this code. */
export function reactionToClose(code: number): CloseReaction {
  // Whoever sends `hello` at all was only late: a device slept, a path stalled. Refused for good would be a lie.
  if (code === CLOSE_CODES.helloTimeout.code) return 'reconnect';
  if (STOP_BELOW_4000.has(code) || (code >= 4000 && code < 4100)) return 'stop';
  if (code >= 4100 && code < 4200) return 'reconnect-without-polling';
  if (code >= 4200 && code < 4300) return 'reconnect-now';
  return 'reconnect';
}
