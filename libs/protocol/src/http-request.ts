import { numberWhere, objectOf, optional } from './check.js';
import { withCorrelation } from './correlation.js';
import { actionId, contract, optionalJson } from './fields.js';
import type { ActionRequest, PollRequest } from './http.js';
import type { FrameLimits } from './limits.js';
import { parseBody } from './parse-json.js';
import { actionName, again, age, answered, clientId, deltas, topicRequests } from './request-fields.js';

// A module apart from the responses, so that the bundle of a client leaves it out.

/** Maximum `wait` of a poll in seconds. It is below the idle timeouts of common proxies. */
export const MAX_POLL_WAIT = 25;

const pollRequest = objectOf<PollRequest>({
  clientId,
  contract,
  topics: topicRequests(0),
  deltas,
  wait: optional(numberWhere(`a number from 0 to ${MAX_POLL_WAIT}`, (wait) => wait >= 0 && wait <= MAX_POLL_WAIT)),
  answered,
});

const actionRequest = objectOf<ActionRequest>({
  clientId,
  contract,
  id: actionId,
  name: actionName,
  data: optionalJson,
  again,
  age,
  answered,
});

/**
 * Parses the body of `POST {httpPath}/poll`: a text, or the result of a body parser.
 *
 * @throws ProtocolError, and no other error. This also applies to the other functions for HTTP bodies.
 */
export function parsePollRequest(body: unknown, limits: FrameLimits): PollRequest {
  return pollRequest(parseBody(body, limits), 'poll');
}

/** Parses the body of `POST {httpPath}/actions`. An error has the id of the action if it is valid. */
export function parseActionRequest(body: unknown, limits: FrameLimits): ActionRequest {
  const value = parseBody(body, limits);
  return withCorrelation(value, () => actionRequest(value, 'action'));
}
