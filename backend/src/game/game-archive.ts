import type { Notification } from '@statewire/arena';

import type { BattleState } from '../battle/battle-state.js';
import type { RunState } from '../run/run-state.js';

/** Everything that one process hands to the next. */
export interface SavedGame {
  readonly battles: readonly BattleState[];
  readonly runs: readonly RunState[];
  readonly notifications: readonly (readonly [playerId: string, list: readonly Notification[]])[];
}

/** Where the game is kept while no process runs. */
export interface GameArchive {
  /**
   * Hands over what was kept, if anything was, once: whatever becomes of this process, no other gets it again.
   *
   * @throws Error where it cannot be handed over, or `restore` rejects. What was kept is then put aside.
   */
  take(restore: (game: SavedGame) => Promise<void>): Promise<void>;
  save(game: SavedGame): Promise<void>;
}

export const GAME_ARCHIVE = Symbol('arena:game-archive');

/** For those who want to begin anew each time. */
export const NO_ARCHIVE: GameArchive = { take: () => Promise.resolve(), save: () => Promise.resolve() };
