import type { DamageType } from './damage-type.js';

/** A permanent trait from a class, a card or a relic. */
export interface Passive {
  readonly id: string;
  readonly name: string;
  /** One sentence for people. */
  readonly text: string;
}

/** Damage over time. */
export interface Dot {
  readonly id: string;
  readonly name: string;
  readonly damage_type: DamageType;
  /** Damage of each pulse. */
  readonly damage: number;
  /** Tick of the next pulse. */
  readonly nextAt: number;
  /** Tick after which the effect ends. */
  readonly endsAt: number;
  /** The combatant that gets the credit. */
  readonly sourceId: string;
}

/** Healing over time. */
export interface Hot {
  readonly id: string;
  readonly name: string;
  /** Hit points of each pulse. */
  readonly heal: number;
  readonly nextAt: number;
  readonly endsAt: number;
  readonly sourceId: string;
}

/**
 * One combatant. The stats have the names of the game's rules. All numbers are integers. Chances are in percent. Times
 * are ticks of the battle and never remaining times, so that a value does not change while the combatant waits.
 */
export interface Combatant {
  /** Unique in the battle: `party-1`, `foe-3`. */
  readonly id: string;
  readonly name: string;
  /** The kind of combatant, for pictures: `knight`, `pyromancer`, `wolf`, `lich`. */
  readonly kind: string;
  readonly hp: number;
  readonly max_hp: number;
  readonly atk: number;
  /** Reduces damage with diminishing returns: damage × 100 / (100 + defense). */
  readonly defense: number;
  /** Percent. */
  readonly crit_rate: number;
  /** Percent of normal damage that a critical hit does, > 100. */
  readonly crit_damage: number;
  /** Percent. */
  readonly dodge_odds: number;
  readonly damage_type: DamageType;
  /** Regained hit points per second. */
  readonly regain: number;
  /** Percent of healing that takes effect. */
  readonly vitality: number;
  /** Grows by one with each action, up to `max_action_points`. The special uses all of them. */
  readonly action_points: number;
  readonly max_action_points: number;
  /** Tick at which it acts next. */
  readonly readyAt: number;
  /** Ticks between two actions. */
  readonly cadence: number;
  readonly passives: readonly Passive[];
  readonly dots: readonly Dot[];
  readonly hots: readonly Hot[];
  readonly damage_dealt: number;
  readonly damage_taken: number;
  readonly healing_done: number;
  readonly kills: number;
}

export type FoeRank = 'normal' | 'boss';

export interface Foe extends Combatant {
  readonly rank: FoeRank;
}
