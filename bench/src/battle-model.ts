/**
 * A value shaped and sized like a battle of the Arena (about 6 KB of JSON), and how one tick changes it: every
 * combatant's readiness, some hit points, one entry of the log. Deterministic, so that all arms publish the same.
 */
export interface BattleModel {
  readonly tick: number;
  readonly status: string;
  readonly combatants: readonly Combatant[];
  readonly log: readonly { readonly id: number; readonly text: string }[];
  /** When it was published, for latency: milliseconds of a clock that all processes of this machine share. */
  readonly sentAt: number;
}

interface Combatant {
  readonly id: string;
  readonly name: string;
  readonly hp: number;
  readonly max_hp: number;
  readonly atk: number;
  readonly defense: number;
  readonly crit_rate: number;
  readonly crit_damage: number;
  readonly dodge_odds: number;
  readonly damage_type: string;
  readonly regain: number;
  readonly vitality: number;
  readonly action_points: number;
  readonly readyAt: number;
  readonly passives: readonly { readonly id: string; readonly stacks: number; readonly text: string }[];
  readonly dots: readonly { readonly id: string; readonly damage: number; readonly endsAt: number }[];
  readonly hots: readonly { readonly id: string; readonly heal: number; readonly endsAt: number }[];
  readonly dealt: number;
  readonly taken: number;
  readonly kills: number;
}

const TYPES = ['Fire', 'Ice', 'Lightning', 'Light', 'Dark', 'Wind'];

/** @param combatants and @param entries make its size. The defaults make 5.5 KB of JSON. */
export function createBattle(combatants = 9, entries = 12): BattleModel {
  return {
    tick: 0,
    status: 'running',
    combatants: Array.from({ length: combatants }, (_, index) => combatant(index)),
    log: Array.from({ length: entries }, (_, id) => entry(id)),
    sentAt: 0,
  };
}

/** The battle one tick later. Two of nine combatants act in a tick; the others keep their identity. */
export function nextTick(battle: BattleModel, sentAt: number): BattleModel {
  const tick = battle.tick + 1;
  const attacker = tick % battle.combatants.length;
  const target = (tick * 5 + 2) % battle.combatants.length;
  const damage = 7 + (tick % 13);
  return {
    ...battle,
    tick,
    sentAt,
    combatants: battle.combatants.map((one, index) => {
      if (index === attacker) return { ...one, readyAt: tick * 100 + 1500, dealt: one.dealt + damage };
      if (index === target) {
        return { ...one, hp: one.hp > damage ? one.hp - damage : one.max_hp, taken: one.taken + damage };
      }
      return one;
    }),
    log: tick % 3 === 0 ? [...battle.log.slice(1), entry(battle.log.length + tick)] : battle.log,
  };
}

function combatant(index: number): Combatant {
  return {
    id: `combatant-${index}`,
    name: index < 4 ? `Hero ${index}` : `Foe ${index}`,
    hp: 300 + index * 10,
    max_hp: 400 + index * 10,
    atk: 24 + index,
    defense: 11 + index,
    crit_rate: 0.15,
    crit_damage: 1.75,
    dodge_odds: 0.08,
    damage_type: TYPES[index % TYPES.length] ?? 'Fire',
    regain: 2,
    vitality: 1.2,
    action_points: 3,
    readyAt: 1000 + index * 100,
    passives: [
      { id: 'thorns', stacks: 2, text: 'Returns a part of the damage to whoever dealt it.' },
      { id: 'focus', stacks: 1, text: 'The next action costs one point less.' },
    ],
    dots: [{ id: `burn-${index}`, damage: 4, endsAt: 9000 }],
    hots: [{ id: `mend-${index}`, heal: 3, endsAt: 9000 }],
    dealt: 0,
    taken: 0,
    kills: 0,
  };
}

function entry(id: number): { readonly id: number; readonly text: string } {
  return { id, text: `Hero ${id % 4} hits Foe ${4 + (id % 5)} for ${7 + (id % 13)} Lightning damage.` };
}
