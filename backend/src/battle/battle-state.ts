import type { BattleSnapshot } from '@statewire/arena';

/**
 * A battle between two ticks. The snapshot is all that the next tick needs, so that another process can continue from
 * the topic.
 */
export interface BattleState {
  readonly snapshot: BattleSnapshot;
}
