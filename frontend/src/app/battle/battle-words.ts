import type { BattleStatus } from '@statewire/arena';

const WORDS: Readonly<Record<BattleStatus, string>> = {
  running: 'Fighting',
  paused: 'Paused',
  won: 'Won',
  lost: 'Lost',
};

/** The state of a battle, seen from the party. */
export function battleStatusWords(status: BattleStatus): string {
  return WORDS[status];
}
