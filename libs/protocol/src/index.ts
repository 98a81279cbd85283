export { action, type Action } from './action.js';
export { parseClientFrame } from './client-frame.js';
export { CLOSE_CODE, reactionToClose, type CloseReaction } from './close-code.js';
export { CLOSE_CODES, type CloseCodeName } from './close-codes.js';
export type { CompilerAdvice } from './compiler-advice.js';
export { ContractError } from './contract-error.js';
export { applyDelta } from './delta/apply.js';
export {
  DELTA_CAPABILITIES,
  DeltaError,
  isDeltaSmaller,
  MAX_DELTA_DEPTH,
  requiredCapabilities,
  type Changes,
  type Delta,
  type DeltaCapability,
} from './delta/delta.js';
export { diff, type DiffOptions } from './delta/diff.js';
export { approximateLength } from './delta/measure.js';
export { isTextDeeperThan } from './depth.js';
export { ERROR_CODES, ERROR_MEANINGS, type ErrorCode, type UnsubscribedCode } from './error-code.js';
export { isActionId } from './fields.js';
export type * from './frames.js';
export type * from './http.js';
export { MAX_POLL_WAIT, parseActionRequest, parsePollRequest, parsePublishRequest } from './http-request.js';
export { parseConfigResponse, parsePollResponse } from './http-response.js';
export { parseSnapshotResponse } from './http-snapshot.js';
export type { Json, JsonObject } from './json.js';
export type { JsonCompatible, JsonProperties } from './json-compatible.js';
export {
  CLIENT_FRAME_LIMITS,
  MAX_VALUE_DEPTH,
  SAFE_FRAME_BYTES,
  SERVER_FRAME_LIMITS,
  type FrameLimits,
} from './limits.js';
export { isEpoch, isOffset, isPosition, type Position, type Since } from './position.js';
export { presenceTopic, topicOfPresence, type Presence, type PresenceTopic, type PresentMember } from './presence.js';
export { ProtocolError, type Correlation } from './protocol-error.js';
export { parseServerFrame } from './server-frame.js';
export { TopicMatcher, type TopicMatch } from './topic-matcher.js';
export { isTopicName } from './topic-name.js';
export { isClientId } from './request-fields.js';
export { eventTopic, stateTopic } from './topic.js';
export type * from './topic.js';
export { utf8Length } from './utf8-length.js';
export { PROTOCOL_VERSION, SUBPROTOCOL, VERSION_HEADER } from './version.js';
