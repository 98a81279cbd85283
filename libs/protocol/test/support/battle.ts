import type { Json } from '../../src/index.js';

/** Uniform in [0, 1); xorshift32, so that a seed gives the same battle everywhere. */
export function seeded(seed: number): () => number {
  let state = seed || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

const NUMBERS = [
  ...['hp', 'max_hp', 'atk', 'defense', 'crit_rate', 'crit_damage', 'dodge_odds', 'regain', 'vitality'],
  ...['action_points', 'max_action_points', 'readyAt', 'cadence', 'damage_dealt', 'damage_taken', 'healing_done'],
  ...['kills', 'level', 'shield', 'threat', 'speed', 'x', 'y', 'combo', 'luck'],
];

type Random = () => number;
type Combatant = Record<string, Json>;

export interface Battle {
  readonly tick: number;
  readonly party: readonly Combatant[];
  readonly foes: readonly Combatant[];
  readonly log: readonly Json[];
}

const whole = (random: Random, below: number) => Math.floor(random() * below);

function combatant(random: Random, id: string): Combatant {
  return {
    id,
    name: `Fighter ${id}`,
    ...Object.fromEntries(NUMBERS.map((name) => [name, whole(random, 1000)])),
    passives: [{ id: 'thorns', name: 'Thorns' }],
    dots: [{ id: 'burn', damage: 4, nextAt: whole(random, 500), endsAt: 900, sourceId: 'foe-1' }],
    hots: random() < 0.5 ? [] : [{ id: 'moss', heal: 3, nextAt: whole(random, 500), endsAt: 900, sourceId: id }],
  };
}

function entry(random: Random, tick: number): Json {
  return {
    at: tick,
    from: `foe-${whole(random, 6)}`,
    to: `party-${whole(random, 6)}`,
    amount: whole(random, 99),
    kind: 'hit',
  };
}

/** A battle of about 7 KB as JSON: twelve fighters of 25 numbers each, and a log of ten entries. */
export function startBattle(random: Random): Battle {
  const side = (name: string) => Array.from({ length: 6 }, (_, index) => combatant(random, `${name}-${index}`));
  return {
    tick: 100,
    party: side('party'),
    foes: side('foe'),
    log: Array.from({ length: 10 }, (_, index) => entry(random, index)),
  };
}

/** The next tick: `share` of all numbers changed, and an entry was pushed while the oldest fell off. */
export function nextTick(battle: Battle, random: Random, share: number): Battle {
  const fight = (fighter: Combatant): Combatant => {
    const changed = NUMBERS.filter(() => random() < share).map((name) => [name, whole(random, 1000)]);
    return { ...fighter, ...(Object.fromEntries(changed) as Combatant) };
  };
  const tick = battle.tick + 1;
  return {
    tick,
    party: battle.party.map(fight),
    foes: battle.foes.map(fight),
    log: [...battle.log.slice(1), entry(random, tick)],
  };
}

/** The value of a publication: its JSON projection, without shared parts. */
export function project(value: unknown): Json {
  return JSON.parse(JSON.stringify(value)) as Json;
}
