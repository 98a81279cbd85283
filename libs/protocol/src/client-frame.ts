import { isRecord, listOf, optional, secret } from './check.js';
import { withCorrelation } from './correlation.js';
import { actionId, contract, optionalJson, optionalMoment, ref, topicName } from './fields.js';
import { checksByType } from './frame-checks.js';
import type { ClientFrame } from './frames.js';
import type { FrameLimits } from './limits.js';
import { parseJson } from './parse-json.js';
import { ProtocolError } from './protocol-error.js';
import { actionName, again, age, answered, clientId, deltas, topicRequests } from './request-fields.js';

const FRAMES = checksByType<ClientFrame>({
  hello: { clientId, token: optional(secret), contract, deltas, answered },
  authenticate: { token: secret, ref, answered },
  subscribe: { topics: topicRequests(1), ref, answered },
  unsubscribe: { topics: listOf(topicName, 1), ref, answered },
  action: { id: actionId, name: actionName, data: optionalJson, again, age, answered },
  ping: { time: optionalMoment, answered },
  pong: { time: optionalMoment, answered },
});

/**
 * Parses a frame that a client sent. The result omits unknown fields.
 *
 * @throws ProtocolError, and no other error, for any invalid text. Its `correlation` belongs in the answer.
 * @example parseClientFrame('{"type":"ping","time":5}', CLIENT_FRAME_LIMITS) // { type: 'ping', time: 5 }
 */
export function parseClientFrame(text: string, limits: FrameLimits): ClientFrame {
  const value = parseJson(text, limits);
  if (!isRecord(value)) throw new ProtocolError('bad_request', 'A frame must be a JSON object');
  return withCorrelation(value, () => {
    const { type } = value;
    const check = typeof type === 'string' ? FRAMES.get(type) : undefined;
    return check ? check(value, type as string) : rejectType(type);
  });
}

function rejectType(type: unknown): never {
  const got = typeof type === 'string' && type.length <= 32 ? JSON.stringify(type) : 'something else';
  throw new ProtocolError('bad_request', `A frame's type must be one of ${[...FRAMES.keys()].join(', ')}, got ${got}`);
}
