import type { BattleSnapshot } from './battle.js';
import type { Lobby } from './lobby.js';
import type { Notification } from './notification.js';
import type { RunSnapshot } from './run.js';

/** Answer of `GET /api/state`: the values of all live topics. */
export interface ArenaState {
  readonly lobby: Lobby;
  /** By run id: every run of the lobby. */
  readonly runs: Readonly<Record<string, RunSnapshot>>;
  /** By battle id: every battle of the lobby. */
  readonly battles: Readonly<Record<string, BattleSnapshot>>;
  /** The caller's notifications that are not dismissed, oldest first. Empty without a token. */
  readonly notifications: readonly Notification[];
}
