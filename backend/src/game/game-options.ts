/** Durations (in milliseconds) and limits of the game. */
export interface GameOptions {
  /** One turn of the game: a tick of every battle at speed 1. */
  readonly turn: number;
  /** Multiplies the hit points of each party. */
  readonly partyHealthFactor: number;
  /** Multiplies the hit points of all foes. */
  readonly foeHealthFactor: number;
  /** Time for which a decided battle stays visible. */
  readonly battleLinger: number;
  /** Time for which a finished run stays visible. */
  readonly runLinger: number;
  /** Time without an action after which a player's run ends. */
  readonly idleLimit: number;
  /** Maximum number of runs, including finished ones. */
  readonly maxRuns: number;
  /** Number of unfinished runs that the house fills up to. At least two runs are its own. */
  readonly watchable: number;
  /** Delay before a decision of the house, so that people can follow it. */
  readonly houseDelay: number;
  /** Maximum number of notifications kept for each player. */
  readonly notificationsKept: number;
  /** Maximum number of players with kept notifications. The least recently notified player is dropped first. */
  readonly playersKept: number;
}

export const GAME_OPTIONS = Symbol('arena:game-options');

export const DEFAULT_GAME_OPTIONS: GameOptions = {
  turn: 100,
  partyHealthFactor: 1,
  foeHealthFactor: 1,
  battleLinger: 12_000,
  runLinger: 60_000,
  idleLimit: 600_000,
  maxRuns: 100,
  watchable: 3,
  houseDelay: 2_500,
  notificationsKept: 50,
  playersKept: 1_000,
};
