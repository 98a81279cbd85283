import { action } from '@statewire/protocol';

import type { BattleSpeed, BattleStatus } from './battle.js';
import type { RunPhase } from './run.js';

/** The state of a run after an action. */
export interface RunProgress {
  readonly runId: string;
  readonly phase: RunPhase;
  readonly battleId: string | null;
}

/** The state of a battle after an action. */
export interface BattleProgress {
  readonly battleId: string;
  readonly status: BattleStatus;
  readonly speed: BattleSpeed;
  readonly tick: number;
}

export interface ChooseRoom {
  readonly runId: string;
  /** One of the run's `choices`. */
  readonly roomId: string;
}

export interface PickReward {
  readonly runId: string;
  /** The id of one of the run's `offers`. If omitted, the player leaves the room. */
  readonly offerId?: string;
}

export interface BattleCommand {
  readonly battleId: string;
}

export interface SetBattleSpeed extends BattleCommand {
  readonly speed: BattleSpeed;
}

export interface DismissNotification {
  readonly notificationId: string;
}

/** Starts a run of the caller; needs a session. It ends an unfinished run of the same player. */
export const startRun = action<Record<string, never>, RunProgress>('runs/start');

export const chooseRoom = action<ChooseRoom, RunProgress>('runs/choose-room');
export const pickReward = action<PickReward, RunProgress>('runs/pick-reward');
export const pauseBattle = action<BattleCommand, BattleProgress>('battles/pause');
export const resumeBattle = action<BattleCommand, BattleProgress>('battles/resume');
export const setBattleSpeed = action<SetBattleSpeed, BattleProgress>('battles/set-speed');
export const dismissNotification = action<DismissNotification, DismissNotification>('notifications/dismiss');
