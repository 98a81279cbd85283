import { isRecord, json, listOf, objectOf, oneOf } from './check.js';
import { epoch, offset, optionalMoment } from './fields.js';
import type { SnapshotResponse } from './http.js';
import { SERVER_FRAME_LIMITS, type FrameLimits } from './limits.js';
import { parseJson } from './parse-json.js';

// A module apart from the other responses, so that the bundle of a client leaves it out.

type StateSnapshot = Extract<SnapshotResponse, { kind: 'state' }>;
type EventSnapshot = Extract<SnapshotResponse, { kind: 'events' }>;

const stateSnapshot = objectOf<StateSnapshot>({
  kind: oneOf('state'),
  epoch,
  offset,
  staleSince: optionalMoment,
  data: json,
});
const eventSnapshot = objectOf<EventSnapshot>({
  kind: oneOf('events'),
  epoch,
  offset,
  staleSince: optionalMoment,
  events: listOf(objectOf<EventSnapshot['events'][number]>({ offset, data: json })),
});

/** Parses the answer of `GET {httpPath}/snapshot`. */
export function parseSnapshotResponse(text: string, limits: FrameLimits = SERVER_FRAME_LIMITS): SnapshotResponse {
  const value = parseJson(text, limits);
  const isEvents = isRecord(value) && value.kind === 'events';
  return (isEvents ? eventSnapshot : stateSnapshot)(value, 'snapshot');
}
