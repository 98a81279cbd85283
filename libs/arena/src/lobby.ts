import { stateTopic } from '@statewire/protocol';

import type { BattleStatus } from './battle.js';
import type { RoomKind, RunPhase, RunPlayer } from './run.js';

export interface LobbyBattle {
  readonly battleId: string;
  readonly runId: string;
  readonly title: string;
  readonly player: RunPlayer;
  readonly room: Extract<RoomKind, 'battle' | 'boss'>;
  readonly status: BattleStatus;
  /** Remaining hit points in percent, 0–100. */
  readonly partyHealth: number;
  readonly foesHealth: number;
}

export interface LobbyRun {
  readonly runId: string;
  readonly player: RunPlayer;
  readonly phase: RunPhase;
  readonly outcome: 'won' | 'lost' | null;
  readonly battleId: string | null;
  /** Completed rooms, and rooms on a path from the first to the boss. */
  readonly roomsVisited: number;
  readonly roomsInAll: number;
  readonly gold: number;
}

/** The battles and runs that anyone can watch. Decided battles and finished runs stay for a short time. */
export interface Lobby {
  readonly battles: readonly LobbyBattle[];
  readonly runs: readonly LobbyRun[];
}

/** Changes at most once a second. Anyone may watch. */
export const lobby = stateTopic<Lobby>()('lobby');
