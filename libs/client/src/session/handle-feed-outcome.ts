import type { MetricsRecorder } from '../core/metrics-recorder.js';
import type { TopicEntry } from '../topics/topic-entry.js';
import { failWithKindMismatch } from './topic-errors.js';
import type { FeedOutcome } from './topic-feed.js';

/**
 * Above this number of holes in a row the server is at fault, not the network. The client then waits before a retry.
 */
const MAX_HOLES_IN_A_ROW = 3;

/** When to request a topic again, from the position of its store. */
export type NextRequest = 'none' | 'immediate' | 'deferred';

/** Updates a topic after a frame of its feed, and returns when to request the topic again. */
export function handleFeedOutcome(
  entry: TopicEntry,
  outcome: FeedOutcome,
  metrics: MetricsRecorder,
  now: number,
): NextRequest {
  const { store } = entry;
  if (outcome === 'applied') {
    if (store.freshness.state === 'live') entry.failures = 0;
    return 'none';
  }
  if (outcome === 'kind-mismatch') {
    failWithKindMismatch(entry, now);
    return 'none';
  }
  metrics.add('holes');
  entry.failures += 1;
  if (outcome === 'broken') store.reset();
  store.setFreshness({ state: 'catching-up' });
  return entry.failures > MAX_HOLES_IN_A_ROW ? 'deferred' : 'immediate';
}
