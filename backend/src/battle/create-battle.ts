import type { Combatant, FoeRank, PartyMember } from '@statewire/arena';

import type { BattleState } from './battle-state.js';
import { has } from './passives.js';
import { Random } from './random.js';

/** A foe before its battle: the stats of a member of the party, and a rank. */
export type FoeTemplate = PartyMember & { readonly rank: FoeRank };

export interface NewBattle {
  /** The same id, and the same commands at the same ticks, make the same battle. */
  readonly battleId: string;
  readonly runId: string;
  readonly roomId: string;
  readonly title: string;
  readonly playerName: string;
  readonly party: readonly PartyMember[];
  readonly foes: readonly FoeTemplate[];
}

export function createBattle({ party, foes, ...about }: NewBattle): BattleState {
  const random = Random.of(about.battleId, 0);
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
  };
}
