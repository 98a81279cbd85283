import { json, numberWhere, optional, textWhere, type Check } from './check.js';
import type { Json } from './json.js';
import { isEpoch, isOffset } from './position.js';
import { isTopicName } from './topic-name.js';

const MAX_ACTION_ID_LENGTH = 64;
const MAX_REF_LENGTH = 32;

/** Returns whether the value is the id of an action: 1–64 characters. */
export function isActionId(value: unknown): value is string {
  return typeof value === 'string' && value.length >= 1 && value.length <= MAX_ACTION_ID_LENGTH;
}

/** Returns whether the value is a `ref`: at most 32 characters. */
export function isRef(value: unknown): value is string {
  return typeof value === 'string' && value.length <= MAX_REF_LENGTH;
}

export const actionId = textWhere('a string of 1–64 characters', isActionId);

export const ref = optional(textWhere('a string of at most 32 characters', isRef));
export const topicName = textWhere('a topic name', isTopicName);

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
