import { describe, expect, it } from '@jest/globals';
import type { BattleSnapshot, RunSnapshot } from '@statewire/arena';
import fc from 'fast-check';

import { RuleError } from './rule-error.js';
import { chooseRoom, createRun, finishRun, leaveRoom, pickOffer, applyBattle } from './run-machine.js';
import type { RunState } from './run-state.js';

const PLAYER = { playerId: 'ann', name: 'Ann', house: false };

function newRun(seed = 1): RunState {
  return createRun({ runId: 'r-1', player: PLAYER, startedAt: 1_000, seed });
}

/** The final battle of a run, with every combatant at the given share of health. */
function decided({ battleId, party }: RunSnapshot, status: 'won' | 'lost', percent = 40): BattleSnapshot {
  const members = party.map(({ max_hp }) => ({ hp: Math.floor((max_hp * percent) / 100) }));
  return { battleId, status, party: members } as unknown as BattleSnapshot;
}

function enter(state: RunState, kind?: string): RunState {
  const { choices, rooms } = state.snapshot;
  const roomId = choices.find((id) => rooms.find((room) => room.id === id)?.kind === kind) ?? choices[0]!;
  return chooseRoom(state, roomId, 'b-1').state;
}

function win(state: RunState): RunState {
  return applyBattle(state, decided(state.snapshot, 'won'), 2_000);
}

/** Plays until the party is in a room of the kind; undefined if the map has no way to one. */
function reach(phase: 'shop' | 'rest', seed: number): RunState | undefined {
  let state = newRun(seed);
  while (state.snapshot.phase !== 'finished') {
    state = enter(state, phase);
    if (state.snapshot.phase === phase) return state;
    if (state.snapshot.phase === 'in-battle') state = win(state);
    if (state.snapshot.phase !== 'finished') state = leaveRoom(state);
  }
  return undefined;
}

function found(phase: 'shop' | 'rest'): RunState {
  for (let seed = 1; ; seed++) {
    const state = reach(phase, seed);
    if (state) return state;
  }
}

describe('A run', () => {
  it('is the same for the same seed', () => {
    expect(newRun(8)).toEqual(newRun(8));
    expect(newRun(8).snapshot.rooms).not.toEqual(newRun(9).snapshot.rooms);
  });

  it('begins with a party of four and a choice of battles', () => {
    const { phase, choices, rooms, party, gold } = newRun().snapshot;

    expect({ phase, gold, members: party.length }).toEqual({ phase: 'choosing', gold: 30, members: 4 });
    expect(choices.map((id) => rooms.find((room) => room.id === id)?.kind)).toEqual(['battle', 'battle']);
  });

  it('orders a battle for a battle room', () => {
    const { state, order } = chooseRoom(newRun(), 'room-1-2', 'b-7');

    expect(state.snapshot).toMatchObject({
      phase: 'in-battle',
      battleId: 'b-7',
      currentRoomId: 'room-1-2',
      choices: [],
    });
    expect(order?.foes).toHaveLength(4);
    expect(order?.room.id).toBe('room-1-2');
  });

  it('multiplies the hit points of the party and of the foes by the health factor', () => {
    const hitPoints = (members: readonly { hp: number; max_hp: number }[]) =>
      members.map(({ hp, max_hp }) => [hp, max_hp]);
    const fight = (healthFactor: number) => {
      const run = createRun({ runId: 'r-1', player: PLAYER, startedAt: 1_000, seed: 1, healthFactor });
      const { state, order } = chooseRoom(run, 'room-1-2', 'b-7', healthFactor);
      return [...hitPoints(state.snapshot.party), ...hitPoints(order!.foes)];
    };

    expect(fight(10)).toEqual(fight(1).map(([hp, max]) => [10 * hp!, 10 * max!]));
  });

  it('rejects an unreachable room, and any room while something else is due', () => {
    expect(() => chooseRoom(newRun(), 'room-3-1', 'b')).toThrow(RuleError);
    expect(() => chooseRoom(newRun(), '__proto__', 'b')).toThrow(RuleError);
    expect(() => chooseRoom(enter(newRun()), 'room-1-1', 'b')).toThrow('There is no room to choose at the moment.');
  });

  it('rewards a won battle with gold and a choice of three, and heals the party partly', () => {
    const before = enter(newRun());
    const { snapshot } = win(before);

    expect(snapshot.phase).toBe('reward');
    expect(snapshot.offers).toHaveLength(3);
    expect(snapshot.gold).toBeGreaterThan(before.snapshot.gold);
    expect(snapshot.party.every(({ hp, max_hp }) => hp > 0.6 * max_hp && hp <= max_hp)).toBe(true);
  });

  it('gives one reward and continues', () => {
    const rewarded = win(enter(newRun()));
    const offer = rewarded.snapshot.offers[0]!;
    const { snapshot } = pickOffer(rewarded, offer.id);

    expect([...snapshot.deck, ...snapshot.relics]).toHaveLength(1);
    expect(snapshot).toMatchObject({ phase: 'choosing', offers: [] });
    expect(snapshot.party).not.toEqual(rewarded.snapshot.party);
  });

  it('allows a player to skip a reward', () => {
    const { snapshot } = leaveRoom(win(enter(newRun())));

    expect(snapshot).toMatchObject({ phase: 'choosing', deck: [], relics: [] });
    expect(snapshot.choices.length).toBeGreaterThan(0);
  });

  it('sells up to the gold of the player, and then ends the visit of the shop', () => {
    const shop = found('shop');
    const rich = { ...shop, snapshot: { ...shop.snapshot, gold: 1_000 } };
    const [first, ...others] = rich.snapshot.offers;
    const once = pickOffer(rich, first!.id);

    expect(once.snapshot).toMatchObject({ phase: 'shop', gold: 1_000 - first!.price, offers: others });
    expect(others.reduce((state, { id }) => pickOffer(state, id), once).snapshot.phase).toBe('choosing');
  });

  it('rejects an offer above the gold of the player or not on sale', () => {
    const shop = found('shop');
    const poor = { ...shop, snapshot: { ...shop.snapshot, gold: 0 } };

    expect(() => pickOffer(poor, poor.snapshot.offers[0]!.id)).toThrow(/costs \d+ gold, and there are 0/);
    expect(() => pickOffer(poor, 'offer-99')).toThrow('This is not on offer.');
    expect(() => leaveRoom(newRun())).toThrow(RuleError);
  });

  it('heals or trains in a rest room, once', () => {
    const rest = found('rest');
    const hurt = {
      ...rest,
      snapshot: { ...rest.snapshot, party: rest.snapshot.party.map((member) => ({ ...member, hp: 1 })) },
    };
    const [heal, train] = hurt.snapshot.offers;
    const healed = pickOffer(hurt, heal!.id).snapshot;

    expect(healed.phase).toBe('choosing');
    expect(healed.party.every(({ hp, max_hp }) => hp >= max_hp / 2)).toBe(true);
    expect(pickOffer(hurt, train!.id).snapshot.party[0]!.atk).toBe(hurt.snapshot.party[0]!.atk + 2);
  });

  it('is lost with a lost battle', () => {
    const fighting = enter(newRun());
    const { snapshot } = applyBattle(fighting, decided(fighting.snapshot, 'lost', 0), 5_000);

    expect(snapshot).toMatchObject({ phase: 'finished', outcome: 'lost', finishedAt: 5_000, choices: [], offers: [] });
  });

  it('ignores the end of another battle, and a late one', () => {
    const fighting = enter(newRun());
    const other = { ...decided(fighting.snapshot, 'lost'), battleId: 'b-2' };
    const over = finishRun(fighting, 'lost', 1);

    expect(applyBattle(fighting, other, 1)).toBe(fighting);
    expect(applyBattle(over, decided(over.snapshot, 'won'), 2)).toBe(over);
  });

  it('leads every way to the boss, and ends with a victory there', () => {
    fc.assert(
      fc.property(fc.integer(), fc.infiniteStream(fc.nat(5)), (seed, picks) => {
        let state = newRun(seed);
        const kinds: (string | undefined)[] = [];
        while (state.snapshot.phase !== 'finished') {
          const { choices, rooms } = state.snapshot;
          const roomId = choices[picks.next().value! % choices.length]!;
          kinds.push(rooms.find(({ id }) => id === roomId)?.kind);
          state = chooseRoom(state, roomId, 'b').state;
          if (state.snapshot.phase === 'in-battle') state = win(state);
          if (state.snapshot.phase !== 'finished') state = leaveRoom(state);
        }

        expect(state.snapshot.outcome).toBe('won');
        expect(kinds).toHaveLength(6);
        expect(kinds.indexOf('boss')).toBe(5);
      }),
    );
  });
});
