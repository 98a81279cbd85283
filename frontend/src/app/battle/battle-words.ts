import type { BattleStatus } from '@statewire/arena';

const WORDS: Readonly<Record<BattleStatus, string>> = {
  running: 'Fighting',
  paused: 'Paused',
  won: 'Won',
  lost: 'Lost',
};

/** Returns the status of a battle in words, from the party's point of view. */
export function battleStatusWords(status: BattleStatus): string {
  return WORDS[status];
}
