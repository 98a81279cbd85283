import type { RunSnapshot } from '@statewire/arena';

/** A run between two decisions: its public snapshot, and the state of its random generator. */
export interface RunState {
  readonly snapshot: RunSnapshot;
  readonly random: number;
}
