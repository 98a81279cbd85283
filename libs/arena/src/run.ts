import { stateTopic } from '@statewire/protocol';

import type { Combatant } from './combatant.js';
import type { Card, Offer, Relic } from './offer.js';

export type RoomKind = 'battle' | 'rest' | 'shop' | 'boss';

/** A room of the map, which is a graph from left (the first rooms) to right (the boss). */
export interface Room {
  readonly id: string;
  readonly kind: RoomKind;
  readonly name: string;
  /** 0 for the first rooms. */
  readonly depth: number;
  /** Position on the map, 0–100 from the left and from the top. */
  readonly x: number;
  readonly y: number;
  /** Rooms that can be chosen after this one. */
  readonly next: readonly string[];
  readonly visited: boolean;
}

/**
 * `choosing`: the player chooses one of `choices`. `in-battle`: the battle `battleId` runs. `reward`, `shop`, `rest`:
 * the player may accept one of `offers` or leave the room.
 */
export type RunPhase = 'choosing' | 'in-battle' | 'reward' | 'shop' | 'rest' | 'finished';

/** A member of the party between battles: the same stats without the state of a battle. */
export type PartyMember = Pick<
  Combatant,
  | 'name'
  | 'kind'
  | 'hp'
  | 'max_hp'
  | 'atk'
  | 'defense'
  | 'crit_rate'
  | 'crit_damage'
  | 'dodge_odds'
  | 'damage_type'
  | 'regain'
  | 'vitality'
  | 'max_action_points'
  | 'cadence'
  | 'passives'
>;

export interface RunPlayer {
  readonly playerId: string;
  readonly name: string;
  /** Whether the house plays the run, so that visitors always have battles to watch. */
  readonly house: boolean;
}

export interface RunSnapshot {
  readonly runId: string;
  readonly player: RunPlayer;
  /** Milliseconds since the Unix epoch. */
  readonly startedAt: number;
  readonly finishedAt: number | null;
  readonly outcome: 'won' | 'lost' | null;
  readonly phase: RunPhase;
  readonly rooms: readonly Room[];
  readonly currentRoomId: string | null;
  /** Ids of the rooms that the player may choose. Empty unless the phase is `choosing`. */
  readonly choices: readonly string[];
  /** The battle of the current room, also after its end. */
  readonly battleId: string | null;
  /** The current offers. Empty unless the phase is `reward`, `shop` or `rest`. */
  readonly offers: readonly Offer[];
  readonly gold: number;
  readonly deck: readonly Card[];
  readonly relics: readonly Relic[];
  readonly party: readonly PartyMember[];
}

/** A run through the rooms of a map. Anyone may watch. */
export const run = stateTopic<RunSnapshot>()('runs/:runId');
