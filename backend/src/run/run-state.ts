import type { RunSnapshot } from '@statewire/arena';

/** A run between two decisions: what everybody sees, and the state of its random generator. */
export interface RunState {
  readonly snapshot: RunSnapshot;
  readonly random: number;
}
