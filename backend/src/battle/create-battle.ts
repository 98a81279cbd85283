import type { Combatant, FoeRank, PartyMember } from '@statewire/arena';

import type { BattleState } from './battle-state.js';
import { has } from './passives.js';
import { Random } from './random.js';

/** A foe before its battle: the stats of a member of the party, and a rank. */
export type FoeTemplate = PartyMember & { readonly rank: FoeRank };

export interface NewBattle {
  readonly battleId: string;
  readonly runId: string;
  readonly roomId: string;
  readonly title: string;
  readonly playerName: string;
  readonly party: readonly PartyMember[];
  readonly foes: readonly FoeTemplate[];
  /** 32 bits. The same seed, and the same commands at the same ticks, make the same battle. */
  readonly seed: number;
}

export function createBattle({ party, foes, seed, ...about }: NewBattle): BattleState {
  const random = new Random(seed);
  const enter = (member: PartyMember, id: string): Combatant => ({
    id,
    ...member,
    action_points: random.between(0, 2),
    readyAt: has(member, 'swift') ? 1 : random.between(2, member.cadence),
    dots: [],
    hots: [],
    damage_dealt: 0,
    damage_taken: 0,
    healing_done: 0,
    kills: 0,
  });
  return {
    snapshot: {
      ...about,
      status: 'running',
      tick: 0,
      speed: 1,
      party: party.map((member, index) => enter(member, `party-${index + 1}`)),
      foes: foes.map(({ rank, ...member }, index) => ({ ...enter(member, `foe-${index + 1}`), rank })),
      log: [{ id: 1, tick: 0, kind: 'effect', text: `The party enters ${about.title}.` }],
      hits: [],
    },
    random: random.state,
    lastId: 1,
  };
}
