import { anyText, boolean, fail, isRecord, listOf, objectOf, optional, textWhere, type Check } from './check.js';
import { DELTA_CAPABILITIES, type DeltaCapability } from './delta/delta.js';
import { actionId, count, epoch, offset, topicName } from './fields.js';
import type { TopicRequest } from './frames.js';
import type { Position, Since } from './position.js';
import { isTopicName } from './topic-name.js';

// Only servers read these fields. The module is apart so that the bundle of a client leaves it out.

const CLIENT_ID = /^[A-Za-z0-9_-]{22,64}$/;

/** Returns whether the value is a client id: 22–64 characters of `[A-Za-z0-9_-]`, enough for 128 random bits. */
export function isClientId(value: unknown): value is string {
  return typeof value === 'string' && CLIENT_ID.test(value);
}

export const clientId = textWhere('22–64 of A–Z a–z 0–9 _ -', isClientId);
export const actionName = textWhere('an action name', isTopicName);
export const again = optional(boolean);
export const age = optional(count);

/** Checks for the optional delta operations of a client. The result omits names that this version does not know. */
export const deltas: Check<readonly DeltaCapability[] | undefined> = optional((value, path) => {
  const names = listOf(anyText)(value, path);
  return DELTA_CAPABILITIES.filter((name) => names.includes(name));
});

/** Most ids in {@link AnsweredActions}. The client sends the rest with its next frame. */
const MAX_ANSWERED = 128;

const actionIds = listOf(actionId);
export const answered: Check<readonly string[] | undefined> = optional((value, path) =>
  Array.isArray(value) && value.length > MAX_ANSWERED
    ? fail(path, `an array of at most ${MAX_ANSWERED}`, value)
    : actionIds(value, path),
);

const position = objectOf<Position>({ epoch, offset });

const since: Check<Since> = (value, path) => {
  if (value === 'oldest') return value;
  return isRecord(value) ? position(value, path) : fail(path, 'a position or "oldest"', value);
};

export const topicRequests = (least: number) =>
  listOf(objectOf<TopicRequest>({ topic: topicName, since: optional(since) }), least);
