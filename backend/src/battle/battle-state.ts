import type { BattleSnapshot } from '@statewire/arena';

/** A battle between two ticks: what everybody sees, and what only the simulation needs to go on from here. */
export interface BattleState {
  readonly snapshot: BattleSnapshot;
  /** State of the random generator. */
  readonly random: number;
  /** Id of the newest log entry or hit. */
  readonly lastId: number;
}
