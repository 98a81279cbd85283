import type { TopicEntry } from '../topics/topic-entry.js';
import type { TopicFeed } from './topic-feed.js';

/** The subscription of one topic on one socket. */
export interface Subscription {
  readonly entry: TopicEntry;
  readonly feed: TopicFeed;
  /** Of the latest `subscribe`: everything before its `subscribed` belongs to an older one. */
  readonly ref: string;
  confirmed: boolean;
}
