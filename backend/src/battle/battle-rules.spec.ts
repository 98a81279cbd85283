import { describe, expect, it } from '@jest/globals';
import { DAMAGE_TYPES, type Combatant, type PartyMember } from '@statewire/arena';

import { affinity } from './affinity.js';
import { BattleDraft } from './battle-draft.js';
import { createBattle, type FoeTemplate } from './create-battle.js';
import { addDot, addHot, pulse } from './over-time.js';
import { passive, type PassiveId } from './passives.js';
import { act } from './act.js';
import { fury, mercy } from './rules.js';
import { strike } from './strike.js';
import { chooseTarget } from './targets.js';
import { heal } from './wounds.js';

const MEMBER: PartyMember = {
  name: 'Hero',
  kind: 'nobody',
  hp: 1_000,
  max_hp: 1_000,
  atk: 100,
  defense: 0,
  crit_rate: 0,
  crit_damage: 200,
  dodge_odds: 0,
  damage_type: 'Light',
  regain: 0,
  vitality: 100,
  max_action_points: 3,
  cadence: 20,
  passives: [],
};

interface Sides {
  readonly hero?: Partial<PartyMember>;
  readonly foe?: Partial<FoeTemplate>;
  readonly foes?: number;
  readonly seed?: number;
}

/** A hero against a dummy, or several, with nothing left to chance but the spread of damage. */
function duel({ hero, foe, foes = 1, seed = 1 }: Sides = {}): BattleDraft {
  const dummy: FoeTemplate = { ...MEMBER, name: 'Dummy', damage_type: 'Wind', rank: 'normal', ...foe };
  const about = { battleId: `b-${seed}`, runId: 'r', roomId: 'x', title: 'Yard', playerName: 'Ann' };
  const party = [{ ...MEMBER, ...hero }];
  return new BattleDraft(createBattle({ ...about, party, foes: Array<FoeTemplate>(foes).fill(dummy) }));
}

function having(...ids: PassiveId[]): Pick<PartyMember, 'passives'> {
  return { passives: ids.map(passive) };
}

function blow(
  sides: Sides,
  power = 100,
): { readonly draft: BattleDraft; readonly hero: Combatant; readonly foe: Combatant; readonly damage: number } {
  const draft = duel(sides);
  const { damage } = strike(draft, 'party-1', 'foe-1', power);
  return { draft, hero: draft.get('party-1'), foe: draft.get('foe-1'), damage };
}

describe('A blow', () => {
  it('does its power in percent of the attack, more or less 15 %', () => {
    const damages = Array.from({ length: 200 }, (_, seed) => blow({ seed }).damage);

    expect(Math.min(...damages)).toBeGreaterThanOrEqual(85);
    expect(Math.max(...damages)).toBeLessThanOrEqual(115);
    expect(blow({}, 200).damage).toBe(2 * blow({}).damage);
  });

  it('does half the damage against a defense of 100', () => {
    expect(blow({ foe: { defense: 100 } }).damage).toBe(Math.round(blow({}).damage / 2));
  });

  it('does its critical damage when it is critical', () => {
    const hit = blow({ hero: { crit_rate: 100 } });

    expect(hit.damage).toBe(2 * blow({ hero: { crit_rate: 0 } }).damage);
    expect(hit.draft.finish('running').snapshot.hits).toMatchObject([{ kind: 'critical', amount: hit.damage }]);
  });

  it('misses a combatant that dodges, at most three times in five', () => {
    const dodged = Array.from({ length: 500 }, (_, seed) => blow({ seed, foe: { dodge_odds: 100 } }).damage === 0);
    const share = dodged.filter(Boolean).length / dodged.length;

    expect(share).toBeGreaterThan(0.5);
    expect(share).toBeLessThan(0.7);
  });

  it('counts for both sides, and kills', () => {
    const { hero, foe, draft } = blow({ foe: { hp: 50 } });

    expect(hero).toMatchObject({ damage_dealt: 50, kills: 1 });
    expect(foe).toMatchObject({ hp: 0, damage_taken: 50 });
    expect(draft.finish('won').snapshot.log.at(-1)).toMatchObject({ kind: 'death', text: 'Dummy falls.' });
  });

  it('returns partly as damage with thorns and partly as health with leech', () => {
    const thorny = blow({ foe: having('thorns') });
    const leeching = blow({ hero: { hp: 500, ...having('leech') } });

    expect(thorny.hero.damage_taken).toBe(Math.floor((thorny.damage * 15) / 100));
    expect(leeching.hero.hp).toBe(500 + Math.floor((leeching.damage * 15) / 100));
  });

  it('does more damage to wounded targets for an executioner', () => {
    const wounded = { hp: 300 };

    expect(blow({ hero: having('executioner'), foe: wounded }).damage).toBeGreaterThan(
      1.2 * blow({ foe: wounded }).damage,
    );
    expect(blow({ hero: having('executioner') }).damage).toBe(blow({}).damage);
  });

  it('gives an action point after a critical hit with focus', () => {
    const points = (passives: PassiveId[]) =>
      blow({ hero: { crit_rate: 100, ...having(...passives) }, seed: 3 }).hero.action_points;

    expect(points(['focus'])).toBe(points([]) + 1);
  });

  it.each([
    ['ember', 'Burn'],
    ['venom', 'Poison'],
  ] as const)('causes, one time in four with %s, a %s that counts for its owner', (id, name) => {
    const dots = Array.from({ length: 400 }, (_, seed) => blow({ seed, hero: having(id) }).foe.dots);
    const left = dots.filter(({ length }) => length > 0);

    expect(left.length / dots.length).toBeGreaterThan(0.18);
    expect(left.length / dots.length).toBeLessThan(0.32);
    expect(left[0]).toMatchObject([{ name, sourceId: 'party-1' }]);
  });
});

describe('Damage types', () => {
  it('are each strong against one other type; Light and Dark are strong against each other', () => {
    const strong = DAMAGE_TYPES.map((type) => [type, DAMAGE_TYPES.filter((other) => affinity(type, other) === 125)]);
    const weak = DAMAGE_TYPES.map((type) => [type, DAMAGE_TYPES.filter((other) => affinity(type, other) === 80)]);

    expect(Object.fromEntries(strong)).toEqual({
      Fire: ['Ice'],
      Ice: ['Wind'],
      Wind: ['Lightning'],
      Lightning: ['Fire'],
      Light: ['Dark'],
      Dark: ['Light'],
    });
    expect(Object.fromEntries(weak)).toMatchObject({
      Ice: ['Fire'],
      Wind: ['Ice'],
      Lightning: ['Wind'],
      Fire: ['Lightning'],
    });
    expect(affinity('Fire', 'Fire')).toBe(100);
  });
});

describe('Effects over time', () => {
  /** Hit points of the first enemy after each tick. */
  function hpOver(ticks: number, prepare: (draft: BattleDraft) => void, foe: Partial<FoeTemplate> = {}): number[] {
    let draft = duel({ foe });
    prepare(draft);
    return Array.from({ length: ticks }, () => {
      draft = new BattleDraft(draft.finish('running'));
      pulse(draft, 'foe-1', 0);
      return draft.get('foe-1').hp;
    });
  }

  it('hurt once a second for their number of pulses, then end', () => {
    const dot = { name: 'Burn', damage_type: 'Fire', damage: 7, pulses: 3 } as const;
    const hp = hpOver(60, (draft) => addDot(draft, draft.get('party-1'), 'foe-1', dot));

    expect([hp[8], hp[9], hp[18], hp[19], hp[29], hp[59]]).toEqual([1_000, 993, 993, 986, 979, 979]);
  });

  it('heal once a second for their number of pulses, then end', () => {
    const hot = { name: 'Chant', heal: 10, pulses: 2 };
    const hp = hpOver(40, (draft) => addHot(draft, draft.get('foe-1'), 'foe-1', hot), { hp: 500 });

    expect([hp[9], hp[19], hp[39]]).toEqual([510, 520, 520]);
  });

  it('restart instead of stacking for the same effect from the same source', () => {
    const draft = duel();
    const dot = { name: 'Burn', damage_type: 'Fire', damage: 7, pulses: 3 } as const;
    addDot(draft, draft.get('party-1'), 'foe-1', dot);
    addDot(draft, draft.get('party-1'), 'foe-1', { ...dot, damage: 9 });

    expect(draft.get('foe-1').dots).toMatchObject([{ id: 'burn-party-1', damage: 9 }]);
  });

  it('restore regeneration once a second up to the maximum', () => {
    expect(hpOver(30, () => undefined, { hp: 990, regain: 4 })).toEqual(expect.arrayContaining([990, 994, 998, 1_000]));
  });
});

describe('Healing', () => {
  it('is limited by vitality and the maximum, and does not revive', () => {
    const healed = (foe: Partial<FoeTemplate>) => heal(duel({ foe }), 'party-1', 'foe-1', 100);

    expect(healed({ hp: 500 })).toBe(100);
    expect(healed({ hp: 500, vitality: 50 })).toBe(50);
    expect(healed({ hp: 970 })).toBe(30);
    expect(healed({ hp: 0 })).toBe(0);
  });

  it('decreases after the first minute, while damage grows', () => {
    expect([fury(600), fury(700), mercy(600), mercy(700), mercy(5_000)]).toEqual([100, 200, 100, 80, 0]);
  });
});

describe('A turn of a combatant', () => {
  it('is a plain attack plus one action point until the points are full, then the special', () => {
    const draft = duel({ hero: { kind: 'shade', hp: 100, max_action_points: 3 } });
    draft.update('party-1', { action_points: 2 });
    act(draft, 'party-1');
    const points = draft.get('party-1').action_points;
    act(draft, 'party-1');
    const { log } = draft.finish('running').snapshot;

    expect(points).toBe(3);
    expect(draft.get('party-1')).toMatchObject({ action_points: 0, damage_dealt: expect.any(Number) });
    expect(draft.get('party-1').hp).toBeGreaterThan(100);
    expect(log.map(({ kind }) => kind)).toEqual(['effect', 'attack', 'special']);
    expect(log.at(-1)?.text).toBe('Hero uses Soul drain.');
  });

  it('repeats after the cadence, sooner for swift combatants', () => {
    const pauses = (hero: Partial<PartyMember>) =>
      Array.from({ length: 50 }, (_, seed) => {
        const draft = duel({ hero: { cadence: 20, ...hero }, seed });
        act(draft, 'party-1');
        return draft.get('party-1').readyAt - draft.tick;
      });

    expect(new Set(pauses({}))).toEqual(new Set([20, 21, 22, 23]));
    expect(new Set(pauses(having('swift')))).toEqual(new Set([18, 19, 20, 21]));
  });

  it('hits all enemies with a special for all, and delays those it slows', () => {
    const firestorm = duel({ hero: { kind: 'pyromancer' }, foes: 4 });
    const freeze = duel({ hero: { kind: 'frostblade' } });
    const readyAt = freeze.get('foe-1').readyAt;
    for (const draft of [firestorm, freeze]) {
      draft.update('party-1', { action_points: 3 });
      act(draft, 'party-1');
    }

    expect(firestorm.foes.map(({ dots }) => dots.map(({ name }) => name))).toEqual(Array(4).fill(['Burn']));
    expect(freeze.get('foe-1').readyAt).toBe(readyAt + 14);
  });

  it('targets a guardian more often', () => {
    const draft = duel({ foes: 4 });
    draft.update('foe-2', having('guardian'));
    draft.update('foe-3', { hp: 0 });
    const chosen = Array.from({ length: 1_000 }, () => chooseTarget(draft, 'party-1')?.id);
    const share = (id: string) => chosen.filter((one) => one === id).length / chosen.length;

    expect(share('foe-2')).toBeGreaterThan(2 * share('foe-4'));
    expect(share('foe-3')).toBe(0);
  });

  it('has no target after all enemies fell', () => {
    expect(chooseTarget(duel({ foe: { hp: 0 } }), 'party-1')).toBeUndefined();
  });
});
