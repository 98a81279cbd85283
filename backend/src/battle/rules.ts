/** Ticks of one second at speed 1: regain and effects over time pulse once a second. */
export const SECOND = 10;

/** Tick from which damage grows and healing fades, so that a battle of equals ends. */
const FURY_FROM = 600;

/** The last tick of a battle; a party that has not won by then has lost. */
export const LAST_TICK = 3_000;

/** Maximum odds. Higher odds would make a combatant invincible. */
export const MAX_DODGE_ODDS = 60;

/** Maximum log entries and hits: as many as a person can read, and those of about two seconds. */
export const LOG_BOUND = 10;
export const HITS_BOUND = 10;

/** Percent of normal damage at a tick. */
export function fury(tick: number): number {
  return 100 + Math.max(0, tick - FURY_FROM);
}

/** Percent of normal healing at a tick. */
export function mercy(tick: number): number {
  return Math.max(0, 100 - Math.floor(Math.max(0, tick - FURY_FROM) / 5));
}
