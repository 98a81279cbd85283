import {
  anyText,
  fail,
  isRecord,
  json,
  listOf,
  numberWhere,
  objectOf,
  optional,
  textWhere,
  type Check,
} from './check.js';
import { DELTA_CAPABILITIES, type DeltaCapability } from './delta/delta.js';
import type { TopicRequest } from './frames.js';
import type { Json } from './json.js';
import { isEpoch, isOffset, type Position, type Since } from './position.js';
import { isTopicName } from './topic-name.js';

const CLIENT_ID = /^[A-Za-z0-9_-]{22,64}$/;
const MAX_ACTION_ID_LENGTH = 64;
const MAX_REF_LENGTH = 32;

/** Returns whether the value is a client id: 22–64 characters of `[A-Za-z0-9_-]`, enough for 128 random bits. */
export function isClientId(value: unknown): value is string {
  return typeof value === 'string' && CLIENT_ID.test(value);
}

/** Returns whether the value is the id of an action: 1–64 characters. */
export function isActionId(value: unknown): value is string {
  return typeof value === 'string' && value.length >= 1 && value.length <= MAX_ACTION_ID_LENGTH;
}

/** Returns whether the value is a `ref`: at most 32 characters. */
export function isRef(value: unknown): value is string {
  return typeof value === 'string' && value.length <= MAX_REF_LENGTH;
}

export const clientId = textWhere('22–64 of A–Z a–z 0–9 _ -', isClientId);
export const actionId = textWhere('a string of 1–64 characters', isActionId);

/** Checks for the optional delta operations of a client. The result omits names that this version does not know. */
export const deltas: Check<readonly DeltaCapability[] | undefined> = optional((value, path) => {
  const names = listOf(anyText)(value, path);
  return DELTA_CAPABILITIES.filter((name) => names.includes(name));
});

export const ref = optional(textWhere('a string of at most 32 characters', isRef));
export const topicName = textWhere('a topic name', isTopicName);

/** Most ids in {@link AnsweredActions}. The client sends the rest with its next frame. */
const MAX_ANSWERED = 128;

const actionIds = listOf(actionId);
export const answered: Check<readonly string[] | undefined> = optional((value, path) =>
  Array.isArray(value) && value.length > MAX_ANSWERED
    ? fail(path, `an array of at most ${MAX_ANSWERED}`, value)
    : actionIds(value, path),
);
export const actionName = textWhere('an action name', isTopicName);
export const epoch = textWhere('1–32 of A–Z a–z 0–9 _ -', isEpoch);
export const offset = numberWhere('a safe integer ≥ 0', isOffset);
export const moment = numberWhere('a finite number', Number.isFinite);
export const duration = numberWhere('a finite number ≥ 0', (number) => Number.isFinite(number) && number >= 0);
export const count = offset;
export const contract: Check<number | undefined> = optional(
  numberWhere('an integer ≥ 1', (version) => isOffset(version) && version >= 1),
);
export const optionalMoment = optional(moment);
export const optionalJson: Check<Json | undefined> = optional(json);

const position = objectOf<Position>({ epoch, offset });

const since: Check<Since> = (value, path) => {
  if (value === 'oldest') return value;
  return isRecord(value) ? position(value, path) : fail(path, 'a position or "oldest"', value);
};

export const topicRequests = (least: number) =>
  listOf(objectOf<TopicRequest>({ topic: topicName, since: optional(since) }), least);
