import { expect } from '@jest/globals';

import type { FollowedTopic } from './followed-topic.js';
import { untilEqual } from './until-equal.js';

/** All publications were stored or superseded, and all followers show the newest value. */
export async function expectAllStored(topic: FollowedTopic): Promise<void> {
  await topic.settled();
  await untilEqual(topic.followers);
  expect(topic.followers[1]!.value).toEqual(topic.newest);
  expect(topic.outcomes.filter(({ status }) => status === 'rejected')).toEqual([]);
}
