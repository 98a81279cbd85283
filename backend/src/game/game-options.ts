/** How long things stay and how many there are. Durations are milliseconds. */
export interface GameOptions {
  /** One turn of the game: a tick of every battle at speed 1. */
  readonly turn: number;
  /** How long a decided battle can still be watched. */
  readonly battleLinger: number;
  /** How long a finished run can still be looked at. */
  readonly runLinger: number;
  /** A player's run is given up after this long without an action. */
  readonly idleLimit: number;
  /** Runs at once, the finished ones included. */
  readonly maxRuns: number;
  /** Unfinished runs the house makes up to, so that there is something to watch; at least two are its own. */
  readonly watchable: number;
  /** How long the house thinks before a decision, so that people can follow it. */
  readonly houseDelay: number;
  /** Notifications kept for each player. */
  readonly notificationsKept: number;
  /** Players whose notifications are kept; those without news for longest are forgotten first. */
  readonly playersKept: number;
}

export const GAME_OPTIONS = Symbol('arena:game-options');

export const DEFAULT_GAME_OPTIONS: GameOptions = {
  turn: 100,
  battleLinger: 12_000,
  runLinger: 60_000,
  idleLimit: 600_000,
  maxRuns: 100,
  watchable: 3,
  houseDelay: 2_500,
  notificationsKept: 50,
  playersKept: 1_000,
};
