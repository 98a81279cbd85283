import type { MetricsRecorder } from '../core/metrics-recorder.js';
import type { TopicEntry } from '../topics/topic-entry.js';
import { mismatchTopic } from './topic-error.js';
import type { FeedOutcome } from './topic-feed.js';

/** Holes in a row after which the server, not the network, must be at fault: asking at once would only hurry it. */
const MOST_HOLES = 3;

/** @returns whether the topic has to be asked for again, from where its store stands now. */
export function judge(
  entry: TopicEntry,
  outcome: FeedOutcome,
  metrics: MetricsRecorder,
  now: number,
): 'no' | 'now' | 'later' {
  const { store } = entry;
  if (outcome === 'taken') {
    if (store.freshness.state === 'live') entry.failures = 0;
    return 'no';
  }
  if (outcome === 'kind-mismatch') {
    mismatchTopic(entry, now);
    return 'no';
  }
  metrics.add('holes');
  entry.failures += 1;
  if (outcome === 'broken') store.forget();
  store.freshen({ state: 'catching-up' });
  return entry.failures > MOST_HOLES ? 'later' : 'now';
}
