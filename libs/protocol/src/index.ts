export type { Action } from './action.js';
export { CLOSE_CODES, reactionToClose, type CloseCodeName, type CloseReaction } from './close-code.js';
export { ERROR_CODES, type ErrorCode, type UnsubscribedCode } from './error-code.js';
export type * from './frames.js';
export type * from './http.js';
export type { Json, JsonObject } from './json.js';
export type { Position, Since } from './position.js';
export type * from './topic.js';
