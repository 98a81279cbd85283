import type { RoomKind, RunPhase, RunSnapshot } from '@statewire/arena';

import type { IconName } from '../ui/icon-paths';

const PHASES: Readonly<Record<Exclude<RunPhase, 'finished'>, string>> = {
  choosing: 'Choosing a room',
  'in-battle': 'In battle',
  reward: 'Picking a reward',
  shop: 'In a shop',
  rest: 'Resting',
};

export function phaseWords(phase: RunPhase, outcome: RunSnapshot['outcome']): string {
  if (phase !== 'finished') return PHASES[phase];
  return outcome === 'won' ? 'Won' : 'Lost';
}

interface RoomWords {
  readonly icon: IconName;
  readonly word: string;
  /** The content of the room in a few words. */
  readonly text: string;
}

const ROOMS: Readonly<Record<RoomKind, RoomWords>> = {
  battle: { icon: 'sword', word: 'Battle', text: 'A fight, then a reward.' },
  rest: { icon: 'camp', word: 'Rest', text: 'Heal or train.' },
  shop: { icon: 'shop', word: 'Shop', text: 'Cards and relics for gold.' },
  boss: { icon: 'crown', word: 'Boss', text: 'The end of the run, one way or the other.' },
};

export function roomWords(kind: RoomKind): RoomWords {
  return ROOMS[kind];
}
