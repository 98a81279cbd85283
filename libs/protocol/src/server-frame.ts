import { anyText, boolean, isRecord, json, listOf, objectOf, oneOf, optional, textWhere, type Check } from './check.js';
import { ERROR_CODES, type ErrorCode, type UnsubscribedCode } from './error-code.js';
import {
  actionId,
  contract,
  count,
  duration,
  epoch,
  moment,
  offset,
  optionalJson,
  optionalMoment,
  ref,
  topicName,
} from './fields.js';
import { checksByType } from './frame-checks.js';
import type { ServerFrame, TopicPosition, WelcomeFrame } from './frames.js';
import { SERVER_FRAME_LIMITS, type FrameLimits } from './limits.js';
import { parseJson } from './parse-json.js';
import { ProtocolError } from './protocol-error.js';
import type { TopicKind } from './topic.js';

const code = textWhere('an error code', (text) => text !== '');

// A newer server may have codes that this client does not know. The client then relies on `temporary`.
const errorCode: Check<ErrorCode> = (value, path) => {
  const text = code(value, path);
  return Object.hasOwn(ERROR_CODES, text) ? (text as ErrorCode) : 'internal';
};

const UNSUBSCRIBED_CODES: ReadonlySet<string> = new Set<UnsubscribedCode>([
  'requested',
  'forbidden',
  'unauthorized',
  'closed',
]);
const unsubscribedCode: Check<UnsubscribedCode> = (value, path) => {
  const text = code(value, path);
  return UNSUBSCRIBED_CODES.has(text) ? (text as UnsubscribedCode) : 'closed';
};

const topicKind = oneOf<TopicKind>('state', 'events');

const topics = optional(listOf(topicName, 1));

const FRAMES = checksByType<ServerFrame>({
  welcome: {
    connectionId: textWhere('a string that is not empty', (text) => text !== ''),
    serverTime: moment,
    heartbeat: objectOf<WelcomeFrame['heartbeat']>({ interval: duration, timeout: duration }),
    limits: objectOf<WelcomeFrame['limits']>({
      frameBytes: count,
      subscriptions: count,
      framesPerSecond: optional(duration),
    }),
    actionWindow: duration,
    minContract: contract,
    expiresAt: optionalMoment,
  },
  authenticated: { expiresAt: optionalMoment, ref },
  subscribed: { topic: topicName, kind: topicKind, epoch, offset, recovered: boolean, staleSince: optionalMoment, ref },
  snapshot: { topic: topicName, epoch, offset, data: json, time: optionalMoment },
  patch: { topic: topicName, from: offset, offset, delta: json, time: optionalMoment },
  event: { topic: topicName, offset, data: json, time: optionalMoment },
  unsubscribed: { topic: topicName, code: unsubscribedCode, ref },
  stale: { since: moment, topics },
  fresh: { topics },
  ack: {
    id: actionId,
    data: optionalJson,
    positions: optional(listOf(objectOf<TopicPosition>({ topic: topicName, epoch, offset }))),
  },
  error: {
    code: errorCode,
    message: anyText,
    temporary: boolean,
    retryAfter: optional(duration),
    details: optionalJson,
    id: optional(actionId),
    topic: optional(topicName),
    ref,
  },
  ping: { time: optionalMoment },
  pong: { time: optionalMoment },
  drain: { reconnectWithin: duration },
});

/**
 * Parses a frame that a server sent.
 *
 * @returns undefined for a frame of an unknown type. A client ignores such frames.
 * @throws ProtocolError, and no other error, for any invalid text.
 */
export function parseServerFrame(text: string, limits: FrameLimits = SERVER_FRAME_LIMITS): ServerFrame | undefined {
  return serverFrame(parseJson(text, limits), 'A frame');
}

/** Checks a frame inside another value. `path` is its place. */
export const serverFrame: Check<ServerFrame | undefined> = (value, path) => {
  if (!isRecord(value) || typeof value.type !== 'string') {
    throw new ProtocolError('bad_request', `${path} must be a JSON object with a type`);
  }
  return FRAMES.get(value.type)?.(value, value.type);
};
