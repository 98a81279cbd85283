import type { Notification } from '@statewire/arena';

import type { BattleState } from '../battle/battle-state.js';
import type { RunState } from '../run/run-state.js';

/**
 * The place from which a process takes the state. `archive`: nothing is published yet. `topics`: the topics have the
 * values. `memory`: events are published, and the topics may have lost values.
 */
export type GameOrigin = 'archive' | 'topics' | 'memory';

/** The state that one process passes to the next. */
export interface SavedGame {
  readonly battles: readonly BattleState[];
  readonly runs: readonly RunState[];
  readonly notifications: readonly (readonly [playerId: string, list: readonly Notification[]])[];
}

/** Keeps the game while no process runs. */
export interface GameArchive {
  /**
   * Passes the kept game, if there is one, to `restore`. It does this only once, so that no process gets an old game.
   *
   * @throws Error if the game cannot be read, or `restore` rejects. The game is then put aside.
   */
  take(restore: (game: SavedGame) => Promise<void>): Promise<void>;
  save(game: SavedGame): Promise<void>;
}

export const GAME_ARCHIVE = Symbol('arena:game-archive');

/** Keeps nothing: each process starts a new game. */
export const NO_ARCHIVE: GameArchive = { take: () => Promise.resolve(), save: () => Promise.resolve() };
