import type { BattleSnapshot, Offer, PartyMember, Room, RunPlayer, RunSnapshot } from '@statewire/arena';

import type { FoeTemplate } from '../battle/create-battle.js';
import { Random } from '../battle/random.js';
import { bossEncounter, encounter } from './bestiary.js';
import { recruitParty } from './heroes.js';
import { applyCard, applyRelic, train } from './improvements.js';
import { drawMap } from './map.js';
import { REST_HEAL, restOffers, rewardOffers, shopOffers } from './offers.js';
import { RuleError } from './rule-error.js';
import type { RunState } from './run-state.js';

const STARTING_GOLD = 30;

/** Percent of its missing health that a member regains after a won battle. */
const RECOVERY_PERCENT = 40;

/** The battle that a battle room requires. */
export interface BattleOrder {
  readonly room: Room;
  readonly foes: readonly FoeTemplate[];
}

interface NewRun {
  readonly runId: string;
  readonly player: RunPlayer;
  readonly startedAt: number;
  readonly seed: number;
  /** Multiplies the hit points of the party. Default 1. */
  readonly healthFactor?: number;
}

export function createRun(about: NewRun): RunState {
  const random = new Random(about.seed);
  const rooms = drawMap(random);
  return {
    snapshot: {
      runId: about.runId,
      player: about.player,
      startedAt: about.startedAt,
      finishedAt: null,
      outcome: null,
      phase: 'choosing',
      rooms,
      currentRoomId: null,
      choices: rooms.filter(({ depth }) => depth === 0).map(({ id }) => id),
      battleId: null,
      offers: [],
      gold: STARTING_GOLD,
      deck: [],
      relics: [],
      party: multiplyHealth(recruitParty(random), about.healthFactor),
    },
  };
}

/**
 * Enters a room. For a battle room, returns the order for a battle with the id `battleId`.
 *
 * @param healthFactor multiplies the hit points of the foes.
 * @throws RuleError if the room is not one of the choices.
 */
export function chooseRoom(
  state: RunState,
  roomId: string,
  battleId: string,
  healthFactor = 1,
): { readonly state: RunState; readonly order?: BattleOrder } {
  const run = state.snapshot;
  const room = run.rooms.find(({ id }) => id === roomId);
  if (run.phase !== 'choosing') throw new RuleError('There is no room to choose at the moment.');
  if (!room || !run.choices.includes(roomId)) throw new RuleError('This room cannot be reached from here.');
  const random = Random.of(run.runId, 'enter', roomId);
  const entered: RunSnapshot = {
    ...run,
    currentRoomId: roomId,
    choices: [],
    battleId: null,
    rooms: run.rooms.map((one) => (one === room ? { ...one, visited: true } : one)),
  };
  switch (room.kind) {
    case 'rest':
      return { state: next(entered, { phase: 'rest', offers: restOffers() }) };
    case 'shop':
      return { state: next(entered, { phase: 'shop', offers: shopOffers(random, run) }) };
    case 'battle':
    case 'boss': {
      const order = { room, foes: foesOf(run, room, healthFactor) };
      return { state: next(entered, { phase: 'in-battle', battleId }), order };
    }
  }
}

/**
 * Accepts one of the offers. A reward and a rest end with the first offer. In a shop the player may buy more.
 *
 * @throws RuleError if there is no such offer, or not enough gold.
 */
export function pickOffer(state: RunState, offerId: string): RunState {
  const run = state.snapshot;
  const offer = run.offers.find(({ id }) => id === offerId);
  if (!offer) throw new RuleError('This is not on offer.');
  if (offer.price > run.gold) throw new RuleError(`This costs ${offer.price} gold, and there are ${run.gold}.`);
  const paid: RunSnapshot = {
    ...take(run, offer),
    gold: run.gold - offer.price,
    offers: run.offers.filter((one) => one !== offer),
  };
  const taken = { ...state, snapshot: paid };
  return run.phase === 'shop' && paid.offers.length > 0 ? taken : leaveRoom(taken);
}

/**
 * Leaves the room and its offers, and continues with the choice of the next room.
 *
 * @throws RuleError if the run is not in a room that can be left.
 */
export function leaveRoom(state: RunState): RunState {
  const run = state.snapshot;
  if (run.phase !== 'reward' && run.phase !== 'shop' && run.phase !== 'rest') {
    throw new RuleError('There is nothing to pick or to leave at the moment.');
  }
  const room = run.rooms.find(({ id }) => id === run.currentRoomId);
  return { ...state, snapshot: { ...run, phase: 'choosing', offers: [], choices: room?.next ?? [] } };
}

/** Applies a decided battle. Does not change the run if it is not in this battle. */
export function applyBattle(state: RunState, battle: BattleSnapshot, now: number): RunState {
  const run = state.snapshot;
  if (run.phase !== 'in-battle' || run.battleId !== battle.battleId) return state;
  if (battle.status === 'lost') return finishRun(state, 'lost', now);
  const room = run.rooms.find(({ id }) => id === run.currentRoomId);
  const random = Random.of(run.runId, 'win', run.currentRoomId ?? '');
  const recovered: RunSnapshot = {
    ...run,
    party: run.party.map((member, index) => recover(member, battle.party[index]?.hp ?? 0)),
    gold: run.gold + random.between(18, 26) + 4 * (room?.depth ?? 0),
  };
  if (room?.kind === 'boss') return finishRun({ ...state, snapshot: recovered }, 'won', now);
  return next(recovered, { phase: 'reward', offers: rewardOffers(random, recovered) });
}

/** Ends a run in any phase. */
export function finishRun(state: RunState, outcome: 'won' | 'lost', now: number): RunState {
  const ended = { phase: 'finished', outcome, finishedAt: now, choices: [], offers: [] } as const;
  return { ...state, snapshot: { ...state.snapshot, ...ended } };
}

/** The foes of a room are the same each time. */
function foesOf({ runId }: RunSnapshot, room: Room, healthFactor: number): readonly FoeTemplate[] {
  const random = Random.of(runId, 'enter', room.id);
  const foes = room.kind === 'boss' ? bossEncounter(random) : encounter(random, room.depth);
  return multiplyHealth(foes, healthFactor);
}

/** The battle of the current room. Undefined unless the run is in one. */
export function currentBattle({ snapshot: run }: RunState, healthFactor = 1): BattleOrder | undefined {
  const room = run.rooms.find(({ id }) => id === run.currentRoomId);
  return room && run.phase === 'in-battle' ? { room, foes: foesOf(run, room, healthFactor) } : undefined;
}

function multiplyHealth<T extends PartyMember>(members: readonly T[], factor = 1): readonly T[] {
  return members.map((member) => ({ ...member, hp: member.hp * factor, max_hp: member.max_hp * factor }));
}

function next(run: RunSnapshot, changes: Partial<RunSnapshot>): RunState {
  return { snapshot: { ...run, ...changes } };
}

function take(run: RunSnapshot, offer: Offer): RunSnapshot {
  switch (offer.kind) {
    case 'card':
      return { ...run, deck: [...run.deck, offer.card], party: applyCard(run.party, offer.card) };
    case 'relic':
      return { ...run, relics: [...run.relics, offer.relic], party: applyRelic(run.party, offer.relic) };
    case 'heal':
      return { ...run, party: run.party.map((member) => recover(member, member.hp, REST_HEAL)) };
    case 'train':
      return { ...run, party: train(run.party) };
  }
}

/** Restores a percentage of the missing health. Defeated members revive. */
function recover(member: PartyMember, hp: number, percent = RECOVERY_PERCENT): PartyMember {
  return { ...member, hp: Math.min(member.max_hp, hp + Math.ceil(((member.max_hp - hp) * percent) / 100)) };
}
