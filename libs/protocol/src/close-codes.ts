import { CLOSE_CODE } from './close-code.js';

// Clients do not need the meanings. The module is apart so that the bundle of a client leaves it out.

/** The close codes with their meanings. A test compares them with the table in PROTOCOL.md. */
export const CLOSE_CODES = {
  tooManyBadFrames: { code: CLOSE_CODE.tooManyBadFrames, meaning: 'ten bad frames within 10 s' },
  helloTimeout: { code: CLOSE_CODE.helloTimeout, meaning: 'no `hello` within its deadline' },
  rejected: { code: CLOSE_CODE.rejected, meaning: 'the server rejected the credentials' },
  protocolVersion: { code: CLOSE_CODE.protocolVersion, meaning: 'the server does not support the protocol version' },
  tooManyRequests: { code: CLOSE_CODE.tooManyRequests, meaning: 'the client exceeded a rate limit for too long' },
  slowConsumer: { code: CLOSE_CODE.slowConsumer, meaning: 'the client does not read fast enough' },
  overloaded: { code: CLOSE_CODE.overloaded, meaning: 'the server could not answer `hello` in time' },
  heartbeatLost: { code: CLOSE_CODE.heartbeatLost, meaning: 'no frame arrived for interval + timeout' },
  draining: { code: CLOSE_CODE.draining, meaning: 'this node is shutting down' },
  tokenExpired: { code: CLOSE_CODE.tokenExpired, meaning: 'the token expired: get a new one, then reconnect' },
  switchedOff: { code: CLOSE_CODE.switchedOff, meaning: 'WebSocket is switched off: poll until it is on again' },
} as const;

/** A key of {@link CLOSE_CODES}. */
export type CloseCodeName = keyof typeof CLOSE_CODES;
