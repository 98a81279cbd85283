import type { BattleSnapshot } from '@statewire/arena';

/** A battle between two ticks: its public snapshot, and the private state of the simulation. */
export interface BattleState {
  readonly snapshot: BattleSnapshot;
  /** State of the random generator. */
  readonly random: number;
  /** Id of the newest log entry or hit. */
  readonly lastId: number;
}
