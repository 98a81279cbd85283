import { boolean, json, listOf, numberWhere, objectOf, oneOf, optional, fail, isRecord, type Check } from './check.js';
import { withCorrelation } from './correlation.js';
import {
  actionId,
  actionName,
  clientId,
  duration,
  epoch,
  moment,
  offset,
  optionalJson,
  topicRequests,
} from './fields.js';
import type { ServerFrame } from './frames.js';
import type { ActionRequest, ConfigResponse, PollRequest, PollResponse, SnapshotResponse } from './http.js';
import { SERVER_FRAME_LIMITS, type FrameLimits } from './limits.js';
import { parseBody, parseJson } from './parse-json.js';
import { serverFrame } from './server-frame.js';

/** Maximum `wait` of a poll in seconds. It is below the idle timeouts of common proxies. */
export const MAX_POLL_WAIT = 25;

const pollRequest = objectOf<PollRequest>({
  clientId,
  topics: topicRequests(0),
  wait: optional(numberWhere(`a number from 0 to ${MAX_POLL_WAIT}`, (wait) => wait >= 0 && wait <= MAX_POLL_WAIT)),
});

const actionRequest = objectOf<ActionRequest>({ clientId, id: actionId, name: actionName, data: optionalJson });

const frames: Check<readonly ServerFrame[]> = (value, path) =>
  listOf(serverFrame)(value, path).filter((frame) => frame !== undefined);

const pollResponse = objectOf<PollResponse>({
  frames,
  websocket: boolean,
  serverTime: moment,
  more: optional((value, path) => value === true || fail(path, 'true or missing', value)),
});

const configResponse = objectOf<ConfigResponse>({
  websocket: boolean,
  poll: objectOf<ConfigResponse['poll']>({ interval: duration }),
  actionWindow: duration,
});

type StateSnapshot = Extract<SnapshotResponse, { kind: 'state' }>;
type EventSnapshot = Extract<SnapshotResponse, { kind: 'events' }>;

const stateSnapshot = objectOf<StateSnapshot>({ kind: oneOf('state'), epoch, offset, data: json });
const eventSnapshot = objectOf<EventSnapshot>({
  kind: oneOf('events'),
  epoch,
  offset,
  events: listOf(objectOf<EventSnapshot['events'][number]>({ offset, data: json })),
});

/**
 * Parses the body of `POST {httpPath}/poll`: a text, or the result of a body parser.
 *
 * @throws ProtocolError, and no other error. This also applies to the other functions for bodies.
 */
export function parsePollRequest(body: unknown, limits: FrameLimits): PollRequest {
  return pollRequest(parseBody(body, limits), 'poll');
}

/** Parses the body of `POST {httpPath}/actions`. An error has the id of the action if it is valid. */
export function parseActionRequest(body: unknown, limits: FrameLimits): ActionRequest {
  const value = parseBody(body, limits);
  return withCorrelation(value, () => actionRequest(value, 'action'));
}

/** Parses the answer of `POST {httpPath}/poll`. The result omits frames of unknown types. */
export function parsePollResponse(text: string, limits: FrameLimits = SERVER_FRAME_LIMITS): PollResponse {
  return pollResponse(parseJson(text, limits), 'poll');
}

/** Parses the answer of `GET {httpPath}/config`. */
export function parseConfigResponse(text: string, limits: FrameLimits = SERVER_FRAME_LIMITS): ConfigResponse {
  return configResponse(parseJson(text, limits), 'config');
}

/** Parses the answer of `GET {httpPath}/snapshot`. */
export function parseSnapshotResponse(text: string, limits: FrameLimits = SERVER_FRAME_LIMITS): SnapshotResponse {
  const value = parseJson(text, limits);
  const isEvents = isRecord(value) && value.kind === 'events';
  return (isEvents ? eventSnapshot : stateSnapshot)(value, 'snapshot');
}
