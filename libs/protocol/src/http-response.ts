import { boolean, fail, listOf, objectOf, optional, type Check } from './check.js';
import { contract, count, duration, moment } from './fields.js';
import type { ServerFrame } from './frames.js';
import type { ConfigResponse, PollResponse } from './http.js';
import { SERVER_FRAME_LIMITS, type FrameLimits } from './limits.js';
import { parseJson } from './parse-json.js';
import { serverFrame } from './server-frame.js';

const frames: Check<readonly ServerFrame[]> = (value, path) =>
  listOf(serverFrame)(value, path).filter((frame) => frame !== undefined);

const pollResponse = objectOf<PollResponse>({
  frames,
  websocket: boolean,
  serverTime: moment,
  minContract: contract,
  more: optional((value, path) => value === true || fail(path, 'true or missing', value)),
});

const configResponse = objectOf<ConfigResponse>({
  websocket: boolean,
  poll: objectOf<ConfigResponse['poll']>({ interval: duration }),
  actionWindow: duration,
  frameBytes: optional(count),
  minContract: contract,
});

/** Parses the answer of `POST {httpPath}/poll`. The result omits frames of unknown types. */
export function parsePollResponse(text: string, limits: FrameLimits = SERVER_FRAME_LIMITS): PollResponse {
  return pollResponse(parseJson(text, limits), 'poll');
}

/** Parses the answer of `GET {httpPath}/config`. */
export function parseConfigResponse(text: string, limits: FrameLimits = SERVER_FRAME_LIMITS): ConfigResponse {
  return configResponse(parseJson(text, limits), 'config');
}
