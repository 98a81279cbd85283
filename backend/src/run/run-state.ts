import type { RunSnapshot } from '@statewire/arena';

/**
 * A run between two decisions. The snapshot is all that the next decision needs, so that another process can continue
 * from the topic.
 */
export interface RunState {
  readonly snapshot: RunSnapshot;
}
