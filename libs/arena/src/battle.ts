import { presenceTopic, stateTopic } from '@statewire/protocol';

import type { Combatant, Foe } from './combatant.js';
import type { DamageType } from './damage-type.js';

/** `running` and `paused` alternate. `won` and `lost` are final, from the view of the party. */
export type BattleStatus = 'running' | 'paused' | 'won' | 'lost';

export const BATTLE_SPEEDS = [1, 2, 4] as const;

/** Ticks simulated per 100 ms. */
export type BattleSpeed = (typeof BATTLE_SPEEDS)[number];

/** Milliseconds of one tick at speed 1. */
export const TICK_LENGTH = 100;

/** One line of the battle's log. */
export interface LogEntry {
  /** Ascending within the battle. Lists may use it as a key. */
  readonly id: number;
  readonly tick: number;
  readonly kind: 'attack' | 'special' | 'effect' | 'death' | 'end';
  readonly text: string;
}

/** A number to show above a combatant. */
export interface Hit {
  /** Ascending within the battle. Each id is shown once. */
  readonly id: number;
  readonly tick: number;
  readonly targetId: string;
  readonly kind: 'damage' | 'critical' | 'dodge' | 'heal' | 'dot';
  /** Hit points; 0 for a dodge. */
  readonly amount: number;
  /** Absent for healing and dodges. */
  readonly damage_type?: DamageType;
}

export interface BattleSnapshot {
  readonly battleId: string;
  readonly runId: string;
  readonly roomId: string;
  /** The name of the place, for people. */
  readonly title: string;
  /** The player of the run. */
  readonly playerName: string;
  readonly status: BattleStatus;
  /** Ticks simulated so far. */
  readonly tick: number;
  readonly speed: BattleSpeed;
  readonly party: readonly Combatant[];
  readonly foes: readonly Foe[];
  /** The newest lines, oldest first; bounded. */
  readonly log: readonly LogEntry[];
  /** The newest hits, oldest first; bounded. */
  readonly hits: readonly Hit[];
}

/** A battle. It changes ten times per second while it runs. Anyone may watch. */
export const battle = stateTopic<BattleSnapshot>()('battles/:battleId');

/** The public data of a spectator. A spectator without a session counts as a guest. */
export interface Spectator {
  readonly playerId: string;
  readonly name: string;
}

/** The spectators of a battle, including its player. */
export const spectators = presenceTopic<Spectator>()(battle);
