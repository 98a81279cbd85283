import { fail, isRecord, json, listOf, numberWhere, objectOf, optional, type Check } from './check.js';
import { withCorrelation } from './correlation.js';
import { actionId, contract, optionalJson, topicName } from './fields.js';
import type { ActionRequest, PollRequest, PublishRequest, ServicePublication } from './http.js';
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

/** Most publications of one request. */
const MAX_PUBLICATIONS = 128;

const publication = objectOf<ServicePublication>({ topic: topicName, data: json });
const listedPublications = listOf(publication, 1);
const publications: Check<readonly ServicePublication[]> = (value, path) =>
  Array.isArray(value) && value.length > MAX_PUBLICATIONS
    ? fail(path, `an array of at most ${MAX_PUBLICATIONS}`, value)
    : listedPublications(value, path);
const publishList = objectOf<{ readonly publications: readonly ServicePublication[] }>({ publications });

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

/** Parses the body of `POST {httpPath}/publish`. */
export function parsePublishRequest(body: unknown, limits: FrameLimits): PublishRequest {
  const value = parseBody(body, limits);
  const isList = isRecord(value) && Object.hasOwn(value, 'publications');
  return isList ? publishList(value, 'publish') : publication(value, 'publish');
}
